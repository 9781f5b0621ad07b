import type { Symptoms } from '../../src/core/problems.ts'
import { ip } from './fake-carrier.ts'

/** What the core itself does not know of, where all is well. */
export const WELL_OUTSIDE = {
  lans: [
    { interface: 'lan0', ipAddress: '192.168.1.1' },
    { interface: 'lan1', ipAddress: '192.168.2.1' },
  ],
  wan: { interface: 'wan0', ipAddress: '100.64.0.2' },
  server: { address: '192.0.2.1:5351', reachable: true },
  refusal: undefined,
  natFailure: undefined,
  unwritable: undefined,
  rival: undefined,
  mostEntries: 512,
} as const

/** Nothing is wrong. */
export const WELL: Symptoms = {
  ...WELL_OUTSIDE,
  connectionStatus: 'Connected',
  externalIpAddress: ip('203.0.114.1'),
  quota: undefined,
  entries: 3,
}
