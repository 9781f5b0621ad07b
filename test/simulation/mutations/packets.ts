import type { PcpSocket } from '../../../src/pcp/socket.ts'
import { PROTOCOL_NUMBER } from '../../../src/pcp/wire/constants.ts'
import type { Request, Response } from '../../../src/pcp/wire/message.ts'
import { decodeRequest, encodeResponse } from '../../../src/pcp/wire/packet.ts'
import { millis, seconds } from '../../../src/lib/units.ts'
import { ip } from '../../support/fake-carrier.ts'
import type { Invariant } from '../../support/world/invariants.ts'
import type { Simulation } from '../simulation.ts'
import { met, type Mutation, where } from './mutation.ts'

/** What becomes of a request: it goes on its way, it does not, or the daemon is told of success and the carrier nothing. */
type Way = 'sent' | 'dropped' | 'answered'

type Map = Extract<Request['body'], { opcode: 'MAP' }>['map']

/** Requests for mappings take the way that `way` says. */
const requests =
  (way: () => (map: Map, lifetime: number) => Way) =>
  (sim: Simulation): void => {
    const choose = way()
    met(({ connect }) => ({
      connect: async (server, client) => diverted(sim, await connect(server, client), choose),
    }))(sim)
  }

function diverted(
  sim: Simulation,
  socket: PcpSocket,
  choose: (map: Map, lifetime: number) => Way,
): PcpSocket {
  let hear: (packet: Uint8Array) => void = () => undefined
  return {
    ...socket,
    onMessage: (listener) => {
      hear = (packet) => listener(packet, socket.server)
      socket.onMessage(listener)
    },
    send: (packet) => {
      const read = decodeRequest(packet)
      const { body, lifetime = 0, options = [] } = read.ok ? read.value : {}
      const chosen = body?.opcode === 'MAP' ? choose(body.map, lifetime) : 'sent'
      if (chosen === 'sent') socket.send(packet)
      if (chosen !== 'answered' || body?.opcode !== 'MAP') return
      const answer = encodeResponse({ ...success(sim, body.map, lifetime), options })
      sim.world.clock.at(millis(sim.now + 1), () => hear(answer))
    },
  }
}

function success(sim: Simulation, map: Map, lifetime: number): Response {
  const { responder } = sim.carrier
  const { externalAddress } = responder.settings
  const externalPort = lifetime === 0 ? 0 : map.externalPort || map.internalPort
  const body = { opcode: 'MAP', map: { ...map, externalAddress, externalPort } } as const
  return { result: 0, lifetime, epoch: responder.epoch(), body, options: [], truncated: false }
}

/** The mapping that is made when all is at rest. */
const LAST = 41_234
/** Deletes take this way: those of what the schedule made, or that of the last. */
const deletes = (way: Way, ofLast = false) =>
  requests(() => {
    const last = new Set<string>()
    return ({ externalPort, nonce, protocol }, lifetime) => {
      const name = nonce.join()
      if (externalPort === LAST && protocol === PROTOCOL_NUMBER.TCP) last.add(name)
      return lifetime === 0 && last.has(name) === ofLast ? way : 'sent'
    }
  })

/** What nobody deletes stays for a week. */
const LONG: Pick<Mutation, 'on' | 'profile'> = {
  on: where('delete'),
  profile: (profile) => ({ ...profile, settings: { ...profile.settings, maxLifetime: seconds(604_800) } }),
}

/** What leaves for the carrier, and what that makes of it. */
export const OF_PACKETS = {
  'packet-to-server': [
    {
      what: 'the carrier is looked for elsewhere',
      breaks: met(({ connect }) => ({
        connect: (server) => connect({ ...server, address: ip('203.0.113.200') }),
      })),
    },
  ],
  'packet-from-us': [
    {
      what: 'nobody notices that the address is another one',
      on: where('wan'),
      breaks: met(({ interfaces }) => {
        const first = interfaces()
        return { interfaces: () => first }
      }),
    },
  ],
  'packet-client-address': [
    {
      what: 'requests name another address',
      breaks: met(({ connect }) => ({
        connect: async (server) => {
          const socket = await connect(server)
          return { ...socket, local: { ...socket.local, address: ip('100.64.0.77') } }
        },
      })),
    },
  ],
  settled: [
    {
      what: 'nothing is ever renewed',
      breaks: requests(() => {
        const asked = new Set<string>()
        return ({ nonce }, lifetime) => {
          const name = nonce.join()
          const isFirst = !asked.has(name)
          asked.add(name)
          return isFirst || lifetime === 0 ? 'sent' : 'dropped'
        }
      }),
    },
  ],
  'deletes-end': [{ what: 'no delete is sent', ...LONG, breaks: deletes('dropped') }],
  'carrier-same': [
    {
      what: 'adds are granted without asking the carrier',
      on: ({ profile }) => profile.nat === 'none',
      breaks: requests(
        () =>
          ({ externalPort }, lifetime) =>
            lifetime > 0 && externalPort !== LAST ? 'answered' : 'sent',
      ),
    },
    {
      what: 'deletes are confirmed without asking the carrier',
      ...LONG,
      breaks: deletes('answered'),
    },
  ],
  'nonce-known': [
    {
      what: 'nonces come from another secret',
      breaks: met(({ identity }) => ({ identity: { ...identity, secret: new Uint8Array(32).fill(8) } })),
    },
  ],
  'works-add': [
    {
      what: 'one port cannot be mapped',
      breaks: requests(
        () =>
          ({ externalPort }) =>
            externalPort === LAST ? 'dropped' : 'sent',
      ),
    },
  ],
  'works-delete-upstream': [
    {
      what: 'the delete of one port is confirmed without asking the carrier',
      breaks: deletes('answered', true),
    },
  ],
} satisfies Partial<Record<Invariant, readonly Mutation[]>>
