import { describe, expect, it } from 'vitest'
import { seconds } from '../../src/lib/units.ts'
import type { Event } from './happening.ts'
import { accessOf, type Profile } from './profile.ts'
import { simulate } from './simulation.ts'

// Faults that the simulation found, in the few events that each takes: none depends on how schedules are drawn.

const REST = '[nat]\nmode = "nftables"\nports = "50000-50063"\n[igd]\nprobe = "on"'

const PLAIN: Profile = {
  seed: 1,
  nat: 'nftables',
  rules: 'none',
  perHost: 64,
  total: 512,
  zeroLease: 'spec',
  wanPorts: { first: 50_000, last: 50_063 },
  rest: REST,
  toml: REST + accessOf('none', 64, 512),
  settings: { minLifetime: seconds(120), maxLifetime: seconds(86_400) },
  servers: 'dhcp',
  leases: true,
}

interface Found {
  readonly it: string
  readonly events: readonly Event[]
}

const any = { remoteHost: '' as const, internalPort: 9000 }

const FOUND: readonly Found[] = [
  {
    it: 'a server lost its state, and another address of it had been tried in vain',
    events: [
      { wait: 90_000_000, does: { kind: 'server-state', address: 1, state: 'silent', for: 1_000_000 } },
      { wait: 220_000, does: { kind: 'server-state', address: 0, state: 'refusing', for: 263_000 } },
      {
        wait: 15_000,
        does: {
          kind: 'add',
          by: 3,
          client: 3,
          facade: 2,
          protocol: 'UDP',
          externalPort: 50_002,
          lease: 3600,
          ...any,
        },
      },
      {
        wait: 337_000,
        does: {
          kind: 'add',
          by: 0,
          client: 0,
          facade: 2,
          protocol: 'UDP',
          externalPort: 65_535,
          lease: 0,
          ...any,
        },
      },
      { wait: 900, does: { kind: 'server-restart', announces: true, renumbers: true } },
    ],
  },
  {
    it: 'the WAN has no address for a moment in which another server is named',
    events: [
      { wait: 167_000, does: { kind: 'server-switch', to: 'b' } },
      { wait: 609_000, does: { kind: 'server-switch', to: 'a' } },
      { wait: 0, does: { kind: 'wan', to: 'none', for: 100 } },
    ],
  },
  {
    it: 'a lease ends while its host asks again for what the carrier let lapse',
    events: [
      {
        wait: 90_000_000,
        does: {
          kind: 'add',
          by: 2,
          client: 2,
          facade: 1,
          protocol: 'TCP',
          externalPort: 50_002,
          lease: 600,
          ...any,
        },
      },
      { wait: 279_000, does: { kind: 'server-mode', mode: 'brief', for: 1_000_000 } },
      { wait: 187_500, does: { kind: 'server-mode', mode: 'slow', for: 111_600 } },
      { wait: 1, does: { kind: 'server-mode', mode: 'hidden', for: 12_800 } },
      {
        wait: 128_200,
        does: { kind: 'again', which: 0, moves: false, lease: 3600, facade: 1, any: true },
      },
    ],
  },
  {
    it: 'all is given back at a stop, and what stands at another server cannot be',
    events: [
      { wait: 22_400_000, does: { kind: 'server-switch', to: 'b' } },
      {
        wait: 147_000,
        does: {
          kind: 'add',
          by: 0,
          client: 0,
          facade: 2,
          protocol: 'TCP',
          externalPort: 50_002,
          lease: 3600,
          ...any,
        },
      },
      {
        wait: 13_000,
        does: {
          kind: 'add',
          by: 3,
          client: 3,
          facade: 2,
          protocol: 'TCP',
          externalPort: 50_003,
          lease: 604_800,
          ...any,
        },
      },
      { wait: 4600, does: { kind: 'kernel-refuses', for: 2338 } },
      { wait: 7, does: { kind: 'server-switch', to: 'a' } },
      { wait: 120, does: { kind: 'stop', release: true, back: 78 } },
    ],
  },
]

describe('what the simulation found', () => {
  it.each(FOUND)('$it', async ({ events }) => {
    expect((await simulate({ events, profile: PLAIN })).wrong).toEqual([])
  })
})
