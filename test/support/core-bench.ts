import { type CoreOptions, assembleCore } from '../../src/core/assemble.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Limits } from '../../src/core/policy.ts'
import type { AddRequest, Caller, EntryKey, IgdVersion } from '../../src/core/types.ts'
import { NOTHING_SAVED } from '../../src/core/record.ts'
import type { Wishes } from '../../src/core/wishes.ts'
import { sharedAbort } from '../../src/lib/abort.ts'
import { after, millis, port, seconds } from '../../src/lib/units.ts'
import { seeded } from './dice.ts'
import { FakeCarrier, ip } from './fake-carrier.ts'
import { FakeHosts } from './fake-hosts.ts'
import { FakeNat } from './fake-nat.ts'
import { MemoryStore } from './memory-store.ts'
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
  totalRate: 1000,
  totalBurst: 1000,
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

/** From now on the disk of `bench` takes 5 ms for each write. */
export function slowDisk({ clock, store }: ReturnType<typeof coreBench>): void {
  const put = store.put.bind(store)
  store.put = async (record) => {
    const written = structuredClone(record)
    await new Promise<void>((resolve) => void clock.at(after(clock.now(), millis(5)), resolve))
    await put(written)
  }
}

/** All that outlives a core. */
function newWorld() {
  const clock = new VirtualClock()
  return {
    clock,
    carrier: new FakeCarrier(clock),
    nat: new FakeNat(),
    store: new MemoryStore(),
    hosts: new FakeHosts(),
  }
}

/** The core on a virtual clock, between a fake carrier and a fake router NAT, with a disk that keeps everything. */
export function coreBench(over: Partial<CoreOptions> = {}, world = newWorld()) {
  const { carrier, clock, hosts, nat, store } = world
  const lines: { level: string; message: string; fields: object }[] = []
  const level = (name: string) => (fields: object, message: string) =>
    void lines.push({ level: name, message, fields })
  const log = { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
  const closing = sharedAbort()
  const limits = FREE
  const options: CoreOptions = {
    wanPorts: { first: 49_152, last: 57_343 },
    takenPorts: [],
    probe: false,
    describes: false,
    maxLifetime: undefined,
    limits,
    isLanHost: () => true,
    saved: NOTHING_SAVED,
    closing: closing.signal,
    ...over,
  }
  const ports = { clock, random: seeded(1), log, pcp: carrier, nat, hosts, store }
  const { iwf, context, events, nextAttempt, rules, start } = assembleCore(ports, options)
  /** The operator wants something else from now on. */
  const wish = (changed: Partial<Wishes>) => void Object.assign(options, changed)
  const answered = <T>(call: Promise<T>): Promise<T> => clock.answered(call)
  /** Ends this core and begins another one with what is on the disk. Nothing is started. */
  const restarted = async (sameBoot = true, changed: Partial<CoreOptions> = {}) => {
    closing.abort()
    await iwf.stop(false, clock.now())
    await clock.advance(0)
    if (!sameBoot) nat.rules.clear()
    return coreBench({ ...over, ...changed, saved: store.saved(sameBoot) }, world)
  }
  const parts = { carrier, clock, closing, context, events, hosts, iwf, limits, lines, nat, store }
  return { ...parts, answered, nextAttempt, restarted, rules, start, wish }
}
