import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** The soak in the lab. Started by test/soak/run, as root. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/soak/*.soak.ts'],
    disableConsoleIntercept: true,
    testTimeout: 60_000,
  },
})
