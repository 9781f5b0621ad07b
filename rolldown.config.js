import { readFileSync } from 'node:fs'

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/** One entry, few chunks: each command is loaded only when it is asked for. */
export default {
  input: 'src/cli.ts',
  platform: 'node',
  transform: { define: { __VERSION__: JSON.stringify(version) } },
  output: {
    dir: 'dist',
    format: 'esm',
    cleanDir: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  },
}
