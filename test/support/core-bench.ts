import { type CoreOptions, assembleCore } from '../../src/core/assemble.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Limits } from '../../src/core/policy.ts'
import type { AddRequest, Caller, EntryKey, IgdVersion } from '../../src/core/types.ts'
import { port, seconds } from '../../src/lib/units.ts'
import { seeded } from './dice.ts'
import { FakeCarrier, ip } from './fake-carrier.ts'
import { FakeHosts } from './fake-hosts.ts'
import { FakeNat } from './fake-nat.ts'
import { VirtualClock } from './virtual-clock.ts'

export const HOST = ip('192.168.1.10')
export const OTHER = ip('192.168.1.20')

export const caller = (address = HOST, version: IgdVersion = 2): Caller => ({ address, version })

export const add = (over: Partial<AddRequest> = {}): AddRequest => ({
  remoteHost: '',
  externalPort: port(8080),
  protocol: 'TCP',
  internalPort: port(80 + 8000),
  internalClient: HOST,
  description: 'web',
  lease: seconds(3600),
  ...over,
})

export const key = (over: Partial<EntryKey> = {}): EntryKey => ({
  remoteHost: '',
  externalPort: port(8080),
  protocol: 'TCP',
  ...over,
})

/** Limits that nothing meets by chance. */
export const FREE: Limits = {
  rules: [],
  refusedPorts: [],
  perHost: 64,
  total: 512,
  addRate: 1000,
  addBurst: 1000,
  isLanHost: () => true,
}

/** The code of the fault that `call` ends in; anything else fails the test. */
export async function faultOf(call: () => unknown): Promise<number> {
  try {
    await call()
  } catch (error) {
    if (error instanceof Fault) return error.code
    throw error
  }
  throw new Error('no fault')
}

/** The core on a virtual clock, between a fake carrier and a fake router NAT. */
export function coreBench(over: Partial<CoreOptions> = {}) {
  const clock = new VirtualClock()
  const carrier = new FakeCarrier(clock)
  const nat = new FakeNat()
  const hosts = new FakeHosts()
  const lines: { level: string; message: string }[] = []
  const level = (name: string) => (_fields: object, message: string) =>
    void lines.push({ level: name, message })
  const log = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
  const closing = new AbortController()
  const limits = FREE
  const { iwf, context, events, nextAttempt } = assembleCore(
    { clock, random: seeded(1), log, pcp: carrier, nat, hosts },
    {
      wanPorts: { first: 49_152, last: 57_343 },
      takenPorts: [],
      probe: false,
      maxLifetime: undefined,
      limits,
      closing: closing.signal,
      ...over,
    },
  )
  const answered = <T>(call: Promise<T>): Promise<T> => clock.answered(call)
  return { answered, carrier, clock, closing, context, events, hosts, iwf, limits, lines, nat, nextAttempt }
}
