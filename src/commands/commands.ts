import type { Commands } from './dispatch.ts'

/** Every command, in the order of the help. */
export const COMMANDS: Commands = new Map([
  [
    'check-config',
    {
      about: 'prints every problem of a configuration file',
      load: async () => (await import('./check-config.ts')).checkConfig,
    },
  ],
])
