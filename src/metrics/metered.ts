import type { NatPort, PcpEvents, PcpPort, StorePort } from '../core/ports.ts'
import type { Clock } from '../lib/clock.ts'
import { millis } from '../lib/units.ts'
import type { Connect } from '../pcp/socket.ts'
import type { Meter, PcpExchange } from './meter.ts'

// What the core talks to, with a meter in between. Nothing else changes.

export function meteredPcp(pcp: PcpPort, clock: Clock, meter: Meter): PcpPort {
  return {
    get reachable() {
      return pcp.reachable
    },
    get place() {
      return pcp.place
    },
    reaches: (place) => pcp.reaches(place),
    map: async (request, signal) => {
      const outcome = await pcp.map(request, signal)
      if (outcome.kind === 'elsewhere') return outcome // it is asked for there
      const roundTrip = outcome.kind === 'granted' ? millis(clock.now() - outcome.sentAt) : undefined
      // Only renewals go out once (RFC 6887 §11.2.1).
      meter.pcp({
        opcode: 'MAP',
        renewal: request.sending === 'once',
        result: resultOf(outcome),
        roundTrip,
      })
      return outcome
    },
    unmap: async (mapping, signal) => {
      const outcome = await pcp.unmap(mapping, signal)
      meter.pcp({ opcode: 'DELETE', renewal: false, result: resultOf(outcome), roundTrip: undefined })
      return outcome
    },
  }
}

function resultOf(
  outcome:
    | { readonly kind: 'granted' | 'deleted' | 'silent' }
    | { readonly kind: 'refused'; readonly result: PcpExchange['result'] },
): PcpExchange['result'] {
  switch (outcome.kind) {
    case 'granted':
    case 'deleted':
      return 'SUCCESS'
    case 'refused':
      return outcome.result
    case 'silent':
      return 'silent'
  }
}

/** A request that is sent again is the same octets, and the same object (RFC 6887 §8.1.1). */
export const meteredSocket =
  (connect: Connect, meter: Meter): Connect =>
  async (server, client) => {
    const socket = await connect(server, client)
    const sent = new WeakSet<Uint8Array>()
    return {
      ...socket,
      send: (packet) => {
        if (sent.has(packet)) meter.retransmission()
        sent.add(packet)
        socket.send(packet)
      },
    }
  }

export const meteredEvents = (events: PcpEvents, meter: Meter): PcpEvents => ({
  switched: () => events.switched(),
  lost: () => events.lost(),
  lostState: () => {
    meter.epochLoss()
    events.lostState()
  },
  returned: () => events.returned(),
  doubtful: () => events.doubtful(),
  mappingUpdate: (mapping, outcome) => events.mappingUpdate(mapping, outcome),
})

export function meteredNat(nat: NatPort, clock: Clock, meter: Meter): NatPort {
  const timed = async (change: Promise<void>) => {
    const started = clock.now()
    try {
      await change
      meter.nat(millis(clock.now() - started), undefined)
    } catch (error) {
      meter.nat(millis(clock.now() - started), error instanceof Error ? error.message : String(error))
      throw error
    }
  }
  return {
    set: (rule, timeout) => timed(nat.set(rule, timeout)),
    remove: (protocol, wanPort) => timed(nat.remove(protocol, wanPort)),
    busyWanPorts: () => nat.busyWanPorts(),
  }
}

export function meteredStore(store: StorePort, clock: Clock, meter: Meter): StorePort {
  const timed = async (write: Promise<void>) => {
    const started = clock.now()
    try {
      await write
      meter.stateWrite(millis(clock.now() - started), true)
    } catch (error) {
      meter.stateWrite(millis(clock.now() - started), false)
      throw error
    }
  }
  return { put: (record) => timed(store.put(record)), drop: (generation) => timed(store.drop(generation)) }
}
