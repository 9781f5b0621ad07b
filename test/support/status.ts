import type { MappingStatus, Status } from '../../src/core/status.ts'
import { Counters } from '../../src/metrics/counters.ts'

export const MAPPING: MappingStatus = {
  protocol: 'TCP',
  internalIpAddress: '192.168.1.10',
  internalPort: 80,
  wanPort: 49_152,
  externalIpAddress: '203.0.114.1',
  externalPort: 8080,
  status: 'assigned',
  static: false,
  carrierStatic: false,
  state: 'ACTIVE',
  lifetime: 3600,
  lifetimeLeft: 3000,
  nextRenewal: 1500,
  entries: [{ remoteHost: '', description: 'web', lease: 0, leaseLeft: 0 }],
}

/** A status where all is well. */
export const STATUS: Status = {
  version: 1,
  time: '2026-01-02T03:04:05.678Z',
  daemon: { version: '1.2.3', uptime: 93_784 },
  health: { severity: 'ok', sentence: 'Port mapping works: the carrier answers.' },
  problems: [],
  lans: [{ interface: 'lan0', ipAddress: '192.168.1.1', prefixLength: 24 }],
  wan: { interface: 'wan0', ipAddress: '100.64.0.2' },
  nat: { mode: 'nftables' },
  server: {
    address: '192.0.2.1:5351',
    source: 'static',
    protocol: 'PCP',
    reachable: true,
    lastAnswer: 3,
    epoch: 90_061,
  },
  connectionStatus: 'Connected',
  externalIpAddress: '203.0.114.1',
  carrierQuota: null,
  options: { PREFER_FAILURE: 'supported', FILTER: 'refused' },
  counters: new Counters().counts(),
  mappings: [MAPPING],
  events: [],
}
