import { Fault, type FaultCode } from '../../../src/core/fault.ts'
import { ip } from '../../support/fake-carrier.ts'
import type { SoapReply } from '../../support/world/front.ts'
import type { Invariant } from '../../support/world/invariants.ts'
import type { Simulation } from '../simulation.ts'
import { calm, gateway, type Mutation, passed, where } from './mutation.ts'

const STRANGER = ip('192.168.1.77')

const fault = (code: FaultCode) => () => Promise.reject(new Fault(code, 'broken on purpose'))

/** Calls of the action are answered otherwise. */
const answered =
  (action: string, change: (real: SoapReply, sim: Simulation) => SoapReply | Promise<SoapReply>) =>
  (sim: Simulation): void => {
    sim.world.standIns.reply = ({ soapAction }, real) =>
      soapAction.includes(`#${action}`) ? change(real, sim) : real
  }

const refused = (code: number) => (): SoapReply => ({
  status: 500,
  body: `<errorCode>${code}</errorCode>`,
})

/** What control points are answered, and what subscribers are told. */
export const OF_ANSWERS = {
  'at-once': [
    {
      what: 'the address takes a millisecond',
      on: where('ask-state'),
      breaks: answered('GetExternalIPAddress', async (real, sim) => {
        await passed(sim, 1)
        return real
      }),
    },
  ],
  'add-answer': [
    {
      what: 'a policy that allows everything',
      on: ({ profile }) => profile.rules === 'denied',
      profile: (profile) => ({
        ...profile,
        toml: profile.toml.replace(/rules = .*/, 'rules = ["allow 1-65535 0.0.0.0/0 1-65535"]'),
      }),
    },
    { what: 'adds are refused', on: calm, breaks: gateway(() => ({ addPortMapping: fault(501) })) },
  ],
  'add-port-free': [
    {
      what: 'a port is given to two hosts',
      on: where('add-any'),
      breaks: gateway((real, { checks }) => ({
        addAnyPortMapping: async (request, caller) => {
          const own = await real.addAnyPortMapping(request, caller)
          const other = checks
            .listed()
            .find(
              ({ internalClient, protocol }) =>
                internalClient !== request.internalClient && protocol === request.protocol,
            )
          return other?.externalPort ?? own
        },
      })),
    },
  ],
  'add-quota': [
    { what: 'a quota that is larger than it should be', profile: (profile) => ({ ...profile, perHost: 1 }) },
  ],
  'delete-answer': [
    { what: 'deletes are refused', breaks: gateway(() => ({ deletePortMapping: fault(714) })) },
  ],
  'range-answer': [
    {
      what: 'deletes of a range are refused',
      on: where('delete-range'),
      breaks: gateway(() => ({ deletePortMappingRange: fault(730) })),
    },
  ],
  'get-answer': [
    {
      what: 'what is there is not found',
      on: where('get-held'),
      breaks: gateway(() => ({ getSpecificPortMappingEntry: fault(714) })),
    },
  ],
  'get-client': [
    {
      what: 'a port is said to be of another host',
      on: where('get-held'),
      breaks: gateway((real) => ({
        getSpecificPortMappingEntry: async (key, caller) => ({
          ...(await real.getSpecificPortMappingEntry(key, caller)),
          internalClient: STRANGER,
        }),
      })),
    },
  ],
  'walk-answer': [
    {
      what: 'indices have no entries',
      on: where('walk'),
      breaks: answered('GetGenericPortMappingEntry', refused(713)),
    },
  ],
  'list-answer': [
    { what: 'no list is given', on: where('list'), breaks: answered('GetListOfPortMappings', refused(501)) },
  ],
  'list-complete': [
    {
      what: 'the list shows other mappings',
      on: where('list'),
      breaks: answered('GetListOfPortMappings', (real) => ({ ...real, body: real.body.replaceAll('#', '') })),
    },
  ],
  'state-answer': [
    {
      what: 'the status is not told',
      on: where('ask-state'),
      breaks: answered('GetStatusInfo', refused(501)),
    },
  ],
  'fault-code': [
    {
      what: 'wrong arguments are said to be something else',
      on: where('hostile'),
      breaks: answered('', (real) => ({
        ...real,
        body: real.body.replace('<errorCode>402<', '<errorCode>501<'),
      })),
    },
  ],
  'event-to-subscriber': [
    {
      what: 'events go to another host',
      on: where('subscribe'),
      breaks: ({ world }) => {
        world.standIns.send = (send) => (notify, signal) =>
          send({ ...notify, to: { ...notify.to, address: STRANGER } }, signal)
      },
    },
  ],
  'event-in-time': [
    {
      what: 'events come an hour later',
      on: where('subscribe'),
      breaks: (sim) => {
        sim.world.standIns.send = (send) => async (notify, signal) => {
          await passed(sim, 3_600_000)
          return await send(notify, signal)
        }
      },
    },
  ],
  'event-key': [
    {
      what: 'SEQ begins at 1',
      on: where('subscribe'),
      breaks: ({ world }) => {
        world.standIns.send = (send) => (notify, signal) => {
          const SEQ = String(Number(notify.headers['SEQ']) + 1)
          return send({ ...notify, headers: { ...notify.headers, SEQ } }, signal)
        }
      },
    },
  ],
  'event-told': [
    {
      what: 'all but the first event is lost',
      breaks: ({ world }) => {
        world.standIns.send = (send) => (notify, signal) =>
          notify.headers['SEQ'] === '0' ? send(notify, signal) : Promise.resolve(200)
      },
    },
  ],
} satisfies Partial<Record<Invariant, readonly Mutation[]>>
