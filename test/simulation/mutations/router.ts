import type { NatRule } from '../../../src/core/ports.ts'
import type { Ipv4Address } from '../../../src/lib/ip.ts'
import { seconds } from '../../../src/lib/units.ts'
import type { RouterNat } from '../../../src/main.ts'
import type { Invariant } from '../../support/world/invariants.ts'
import { instead } from '../../support/world/stand-ins.ts'
import type { Simulation } from '../simulation.ts'
import { gateway, met, type Mutation, passed } from './mutation.ts'

const kernel = (part: (real: RouterNat) => Partial<RouterNat>) =>
  met(({ nat }) => ({ nat: instead(nat, part(nat)) }))

/** What is appended to the journal is written as `change` has it. */
const written =
  (change: (text: string) => string) =>
  ({ world }: Simulation): void => {
    const { disk } = world.router
    const create = disk.create.bind(disk)
    disk.create = async (name) => {
      const file = await create(name)
      return instead(file, { append: (text) => file.append(change(text)) })
    }
  }

const withoutDrops = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.includes('"drop"'))
    .join('\n')

/** What the router's kernel forwards, its disk keeps, and how the daemon comes to rest. */
export const OF_THE_ROUTER = {
  'rule-wanted': [
    { what: 'the kernel keeps a rule', breaks: kernel(() => ({ remove: () => Promise.resolve() })) },
  ],
  'rule-to-owner': [
    {
      what: 'two hosts with one LAN port are mixed up',
      breaks: kernel((real) => {
        const first = new Map<string, Ipv4Address>()
        const mixed = (rule: NatRule): NatRule => {
          const name = `${rule.protocol} ${rule.clientPort}`
          const client = first.get(name) ?? rule.client
          first.set(name, client)
          return { ...rule, client }
        }
        return { set: (rule, timeout) => real.set(mixed(rule), timeout) }
      }),
    },
  ],
  'rule-in-block': [
    {
      what: 'WAN ports of another block',
      profile: (profile) => ({
        ...profile,
        toml: profile.toml.replace(/ports = .*/, 'ports = "52000-52063"'),
      }),
    },
  ],
  'rule-ends': [
    {
      what: 'rules outlive what the carrier granted',
      breaks: kernel((real) => ({ set: (rule, timeout) => real.set(rule, seconds(10 * timeout)) })),
    },
  ],
  starts: [
    {
      what: 'this system lets nobody do NAT',
      breaks: kernel(() => ({ start: () => Promise.reject(new Error('Operation not permitted')) })),
    },
  ],
  connected: [
    { what: 'it stays Connecting', breaks: gateway(() => ({ connectionStatus: () => 'Connecting' })) },
  ],
  'kernel-same': [{ what: 'no rule is set', breaks: kernel(() => ({ set: () => Promise.resolve() })) }],
  'journal-same': [{ what: 'the disk drops what was synced', breaks: written(withoutDrops) }],
  'journal-whole': [
    { what: 'the disk writes what nobody gave it', breaks: written((text) => `${text}${'\0'.repeat(8)}\n`) },
  ],
  'works-delete': [
    {
      what: 'one delete takes long',
      breaks: (sim) => {
        sim.world.standIns.reply = async ({ body, soapAction }, real) => {
          if (soapAction.includes('#DeletePortMapping"') && body.includes('>41234<'))
            await passed(sim, 10_000)
          return real
        }
      },
    },
  ],
} satisfies Partial<Record<Invariant, readonly Mutation[]>>
