import type { Gateway } from '../../../src/core/gateway.ts'
import type { EntryKey, PortMappingEntry } from '../../../src/core/types.ts'
import { after, millis, port, seconds } from '../../../src/lib/units.ts'
import { ip } from '../../support/fake-carrier.ts'
import type { Invariant } from '../../support/world/invariants.ts'
import { instead } from '../../support/world/stand-ins.ts'
import { gateway, met, type Mutation, passed, where } from './mutation.ts'

const DAY = millis(86_400_000)
const STRANGER = ip('192.168.1.77')

/** Every entry is shown otherwise than it is. */
const shown = (change: (entry: PortMappingEntry) => Partial<PortMappingEntry>) =>
  gateway((real) => ({
    getGenericPortMappingEntry: (index) => {
      const entry = real.getGenericPortMappingEntry(index)
      return { ...entry, ...change(entry) }
    },
  }))

/** The first entry is there once more. */
const shownTwice = (change: Partial<PortMappingEntry>) =>
  gateway((real) => {
    const count = () => real.portMappingNumberOfEntries()
    return {
      portMappingNumberOfEntries: () => (count() === 0 ? 0 : count() + 1),
      getGenericPortMappingEntry: (index) =>
        index < count()
          ? real.getGenericPortMappingEntry(index)
          : { ...real.getGenericPortMappingEntry(0), ...change },
    }
  })

const isOf = (entry: PortMappingEntry, key: EntryKey): boolean =>
  entry.protocol === key.protocol &&
  entry.externalPort === key.externalPort &&
  entry.remoteHost === key.remoteHost

const adding = (change: Gateway['addPortMapping']) => gateway(() => ({ addPortMapping: change }))

/** What the table shows, and how long. */
export const OF_THE_TABLE = {
  'one-owner': [
    {
      what: 'a port has a second owner',
      breaks: shownTwice({ internalClient: STRANGER, remoteHost: ip('198.51.100.99') }),
    },
  ],
  'one-entry': [{ what: 'an entry is there twice', breaks: shownTwice({}) }],
  'entry-asked': [
    {
      what: 'what is mapped is not what was asked for',
      breaks: gateway((real) => ({
        addPortMapping: (request, caller) => real.addPortMapping({ ...request, description: 'mine' }, caller),
      })),
    },
  ],
  'entry-over': [
    {
      what: 'a delete is answered and not done',
      breaks: gateway((real, { checks }) => ({
        deletePortMapping: async (key, caller) => {
          if (!checks.listed().some((entry) => isOf(entry, key))) await real.deletePortMapping(key, caller)
        },
      })),
    },
  ],
  'entry-client': [
    { what: 'entries lead to another host', breaks: shown(() => ({ internalClient: STRANGER })) },
  ],
  'entry-internal-port': [
    { what: 'entries lead to another port', breaks: shown(() => ({ internalPort: port(4444) })) },
  ],
  'entry-external-port': [
    {
      what: 'entries are at the next port',
      breaks: shown(({ externalPort }) => ({ externalPort: port(externalPort - 1) })),
    },
  ],
  'entry-lease': [
    {
      what: 'leases are twice as long',
      breaks: gateway((real) => ({
        addPortMapping: (request, caller) => {
          const lease = request.lease === 'infinite' ? request.lease : seconds(2 * request.lease)
          return real.addPortMapping({ ...request, lease }, caller)
        },
      })),
    },
  ],
  'promise-kept': [
    { what: 'an add is answered 200 and not done', breaks: adding(() => Promise.resolve()) },
    {
      what: 'the disk drops mappings that it said it has, and the daemon dies',
      on: where('crash'),
      breaks: ({ world }) => {
        const { disk } = world.router
        const create = disk.create.bind(disk)
        disk.create = async (name) => {
          const file = await create(name)
          return instead(file, { append: (text) => file.append(text.includes('"ACTIVE"') ? '' : text) })
        }
      },
    },
  ],
  'update-id-grows': [
    { what: 'SystemUpdateID stands still', breaks: gateway(() => ({ systemUpdateId: () => 7 })) },
  ],
  'update-id-durable': [
    {
      what: 'SystemUpdateID is not written down',
      on: where('stop'),
      breaks: met(({ store }) => ({ store: instead(store, { follow: () => undefined }) })),
    },
  ],
  bounded: [
    {
      what: 'timers that are over are kept for a day',
      breaks: met(({ clock }) => ({
        clock: instead(clock, {
          at: (due, run) => {
            clock.at(after(due, DAY), () => undefined)
            return clock.at(due, run)
          },
        }),
      })),
    },
  ],
  deadline: [
    {
      what: 'an answer comes half a minute late',
      breaks: gateway((real, sim) => ({
        addPortMapping: async (request, caller) => {
          await passed(sim, 30_000)
          await real.addPortMapping(request, caller)
        },
      })),
    },
  ],
  'no-bug': [
    {
      what: 'an add throws what is no fault',
      breaks: adding(() => Promise.reject(new TypeError('x is undefined'))),
    },
  ],
} satisfies Partial<Record<Invariant, readonly Mutation[]>>
