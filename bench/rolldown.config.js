import { readFileSync } from 'node:fs'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** The benchmarks, built to run on plain Node. */
export default {
  input: {
    bench: 'bench/bench.ts',
    'pcp-round-trip': 'bench/pcp-round-trip.ts',
    fleet: 'bench/fleet/run.ts',
  },
  platform: 'node',
  transform: { define: { __VERSION__: JSON.stringify(version) } },
  output: { dir: 'build/bench', format: 'esm', cleanDir: true, entryFileNames: '[name].js' },
}
