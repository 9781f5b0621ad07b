import { readdirSync, readFileSync } from 'node:fs'

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8')
const { version } = JSON.parse(read('package.json'))
const descriptors = Object.fromEntries(
  readdirSync(new URL('descriptors/', import.meta.url)).map((name) => [name, read(`descriptors/${name}`)]),
)

/**
 * What fastify requires and we never use: it validates and serializes nothing by JSON Schema here
 * (`src/upnp/http/app.ts` gives it no compiler), and only tests inject requests.
 */
const UNUSED = ['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler', 'light-my-request']

/** What node-ssdp uses of two large libraries: a Promise, as the language has it, and one function. */
const SMALLER = {
  bluebird: 'module.exports = Promise',
  async: 'exports.each = require("async/each")',
}
const smaller = {
  name: 'smaller',
  resolveId: (source) => (source in SMALLER ? `\0${source}` : null),
  load: (id) => SMALLER[id.slice(1)] ?? null,
}

/** V8 keeps a file in memory as it is read, and with one character beyond Latin-1 in twice as many octets. */
const ascii = {
  name: 'ascii',
  generateBundle: (_options, files) => {
    for (const file of Object.values(files)) if (file.type === 'chunk') file.code = escaped(file.code)
  },
}
const escaped = (code) =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** One entry, few chunks: each command is loaded only when it is asked for. */
export default {
  input: 'src/cli.ts',
  platform: 'node',
  plugins: [smaller, ascii],
  resolve: { alias: Object.fromEntries(UNUSED.map((name) => [name, false])) },
  transform: {
    define: { __VERSION__: JSON.stringify(version), __DESCRIPTORS__: JSON.stringify(descriptors) },
  },
  output: {
    dir: 'dist',
    format: 'esm',
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // Names stay, as the log shows where a bug is.
    minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  },
}
