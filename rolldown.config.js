import { readdirSync, readFileSync } from 'node:fs'

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8')
const { version } = JSON.parse(read('package.json'))
const descriptors = Object.fromEntries(
  readdirSync(new URL('descriptors/', import.meta.url)).map((name) => [name, read(`descriptors/${name}`)]),
)

/** One entry, few chunks: each command is loaded only when it is asked for. */
export default {
  input: 'src/cli.ts',
  platform: 'node',
  transform: {
    define: { __VERSION__: JSON.stringify(version), __DESCRIPTORS__: JSON.stringify(descriptors) },
  },
  output: {
    dir: 'dist',
    format: 'esm',
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  },
}
