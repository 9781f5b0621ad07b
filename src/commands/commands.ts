import type { Commands } from './dispatch.ts'

/** Every command, in the order of the help. */
export const COMMANDS: Commands = new Map([
  ['run', { about: 'the daemon', load: async () => (await import('./run.ts')).run }],
  [
    'status',
    {
      about: 'whether it works, what is wrong, and what to do',
      load: async () => (await import('./status.ts')).status,
    },
  ],
  [
    'mappings',
    {
      about: 'lists, adds and deletes mappings',
      load: async () => (await import('./mappings.ts')).mappings,
    },
  ],
  [
    'probe',
    {
      about: 'asks the carrier what it can do, and whether port mapping will work',
      load: async () => (await import('./probe.ts')).probe,
    },
  ],
  [
    'demo',
    {
      about: 'the whole chain on loopback, explained step by step',
      load: async () => (await import('./demo.ts')).demo,
    },
  ],
  [
    'pcp-server',
    {
      about: 'a PCP server for tests and labs',
      load: async () => (await import('./pcp-server.ts')).runPcpServer,
    },
  ],
  [
    'check-config',
    {
      about: 'prints every problem of a configuration file',
      load: async () => (await import('./check-config.ts')).checkConfig,
    },
  ],
])
