import type { MappingStatus, Status } from '../../src/core/status.ts'

// How things can be, for the tests of the page and for eyes.

export const VIEWER = { host: '192.168.1.23', router: '192.168.1.1' }

const console_: MappingStatus = {
  protocol: 'UDP',
  internalIpAddress: VIEWER.host,
  internalPort: 3074,
  wanPort: 49_152,
  externalIpAddress: '203.0.114.1',
  externalPort: 3074,
  status: 'assigned',
  static: false,
  carrierStatic: false,
  state: 'ACTIVE',
  lifetime: 3600,
  lifetimeLeft: 2840,
  nextRenewal: 1040,
  entries: [{ remoteHost: '', description: 'Game console', lease: 3600, leaseLeft: 2840 }],
}

export const mapping = (over: Partial<MappingStatus> = {}): MappingStatus => ({ ...console_, ...over })

const entry = (over: Partial<MappingStatus['entries'][number]>) => ({
  remoteHost: '',
  description: '',
  lease: 3600,
  leaseLeft: 1800,
  ...over,
})

/** All is well, with rows as different as rows are. */
export const WORKS: Status = {
  version: 1,
  time: '2030-01-02T12:00:00.000Z',
  daemon: { version: '0.1.0', uptime: 275_400 },
  health: { severity: 'ok', sentence: 'Port mapping works: the carrier answers.' },
  problems: [],
  lans: [{ interface: 'br-lan', ipAddress: '192.168.1.1', prefixLength: 24 }],
  wan: { interface: 'eth0', ipAddress: '100.64.7.2' },
  nat: { mode: 'nftables' },
  server: {
    address: '100.64.7.1',
    source: 'default-router',
    protocol: 'PCP',
    reachable: true,
    lastAnswer: 12,
    epoch: 86_400,
  },
  connectionStatus: 'Connected',
  externalIpAddress: '203.0.114.1',
  carrierQuota: null,
  options: { PREFER_FAILURE: 'unknown', FILTER: 'refused' },
  counters: {
    requests: {},
    pcp: {},
    retransmissions: 0,
    renewals: 0,
    epochLosses: 0,
    stateWriteFailures: 0,
    natFailures: 0,
  },
  mappings: [
    console_,
    mapping({
      protocol: 'TCP',
      internalPort: 8080,
      externalPort: 41_080,
      lifetime: 86_400,
      lifetimeLeft: 50_000,
      nextRenewal: 65,
      entries: [
        entry({
          remoteHost: '198.51.100.7',
          description: 'Camera in the garden, with a name that is much too long for one line of a phone',
          lease: 0,
          leaseLeft: 0,
        }),
      ],
    }),
    mapping({
      protocol: 'TCP',
      internalPort: 51_413,
      externalPort: 51_413,
      status: 'stale',
      state: 'DEGRADED',
      lifetimeLeft: 120,
      nextRenewal: 40,
      entries: [entry({ description: '<b>Torrents</b> & "friends"', lease: 7200, leaseLeft: 5400 })],
    }),
    mapping({
      internalIpAddress: '192.168.1.77',
      internalPort: 51_820,
      externalPort: 51_820,
      entries: [entry({ description: 'Secret of another host' })],
    }),
  ],
  events: [
    {
      time: '2030-01-01T10:59:59.000Z',
      level: 'warn',
      text: 'the PCP server lost its state; mapping all ports anew',
      details: { mappings: 3 },
    },
    {
      time: '2030-01-02T09:56:00.000Z',
      level: 'info',
      text: 'a port is mapped',
      details: { mapping: '203.0.114.1:51820->192.168.1.77:51820/UDP', host: '192.168.1.77', lease: '3600s' },
    },
    {
      time: '2030-01-02T11:54:20.000Z',
      level: 'warn',
      text: 'the carrier refuses to renew a mapping',
      details: {
        mapping: `203.0.114.1:51413->${VIEWER.host}:51413/TCP`,
        host: VIEWER.host,
        why: 'USER_EX_QUOTA',
        openFor: '120s',
      },
    },
    {
      time: '2030-01-02T11:59:48.000Z',
      level: 'info',
      text: 'a port is mapped',
      details: {
        mapping: `203.0.114.1:3074->${VIEWER.host}:3074/UDP`,
        host: VIEWER.host,
        lease: '3600s',
        description: 'Game console',
      },
    },
  ],
}

/** The carrier does not answer. */
export const BROKEN: Status = {
  ...WORKS,
  health: {
    severity: 'error',
    sentence: 'Port mapping does not work: the PCP server 100.64.7.1 does not answer.',
  },
  problems: [
    {
      id: 'carrier-silent',
      severity: 'error',
      cause: 'the PCP server 100.64.7.1 does not answer',
      cure: 'ask the carrier whether PCP is enabled on this line, and see that pcp.servers names its server',
    },
  ],
  connectionStatus: 'Disconnected',
  externalIpAddress: null,
  mappings: [],
  options: { PREFER_FAILURE: 'refused', FILTER: 'refused' },
}

/** It has just been started. */
export const WAITING: Status = {
  ...WORKS,
  health: { severity: 'waiting', sentence: 'Waiting for the carrier’s first answer.' },
  connectionStatus: 'Connecting',
  externalIpAddress: null,
  mappings: [],
  events: [],
}
