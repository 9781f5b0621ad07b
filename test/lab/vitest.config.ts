import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The lab: real programs in network namespaces. Started by test/lab/run, as root. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/lab/**/*.lab.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
