import { Calls, passing } from '../support/calls.ts'
import type { Place } from '../support/place.ts'
import { load } from '../support/load.ts'
import type { Report } from '../support/report.ts'
import type { Target } from '../support/soap.ts'
import { type Latency, medianOf, type Rounds } from '../support/stats.ts'

// One SOAP call of each kind, at several sizes of the table.

const ACTIONS = [
  'AddPortMapping',
  'DeletePortMapping',
  'GetSpecific',
  'GetGeneric',
  'GetList',
  'GetExternalIP',
] as const
type ActionName = (typeof ACTIONS)[number]

/** How the calls are made. */
export interface Way {
  readonly connections: number
  readonly close: boolean
}

export interface Effort {
  /** Calls of a kind in one round. */
  readonly calls: number
  readonly rounds: number
}

/** An Internet Gateway Device under measurement. */
export interface Device {
  readonly place: Place
  readonly target: Target
  /** The WANIPConnection type that it is called by. */
  readonly type?: string
  /** It does not live through a GetListOfPortMappings with a long answer, as miniupnpd 2.3.1. */
  readonly noLists?: true
}

/** Of one round, or of several. */
type OneRound = ReadonlyMap<ActionName, Latency>
export type Measured = ReadonlyMap<ActionName, Rounds>

/** Fills the table from `from` up to `to` mappings, which the LAN hosts own in turn. */
export async function fill(device: Device, from: number, to: number): Promise<void> {
  const calls = new Calls(device.target, true, device.type)
  const hostOf = (n: number) => hostAt(device.place, from + n)
  const call = (n: number, host: string) => calls.add(from + n, host)
  await load({ target: device.target, hostOf, connections: 8, calls: to - from, call })
}

/** Every action at a table of `size`, which is as it was afterwards. */
export async function measure(device: Device, size: number, way: Way, effort: Effort): Promise<Measured> {
  const rounds: OneRound[] = []
  for (let round = 0; round < effort.rounds; round++)
    rounds.push(await oneRound(device, size, way, effort.calls))
  const of = (action: ActionName) => rounds.flatMap((measured) => measured.get(action) ?? [])
  const made = ACTIONS.filter((action) => of(action).length > 0)
  return new Map(made.map((action) => [action, medianOf(of(action))]))
}

/** Hosts take turns. */
export const hostAt = ({ hosts }: Place, n: number): string => hosts[n % hosts.length] ?? ''

async function oneRound(device: Device, size: number, way: Way, count: number): Promise<OneRound> {
  const { hosts } = device.place
  const calls = new Calls(device.target, way.close, device.type)
  const hostOf = (_: number, worker: number) => hostAt(device.place, worker)
  const run = (most: number, call: (n: number, host: string) => Buffer) =>
    load({ target: device.target, hostOf, connections: way.connections, calls: most, call })
  const made = hosts.map(() => 0)
  const add = await run(count, (_, host) => {
    const place = hosts.indexOf(host)
    const n = made[place] ?? 0
    made[place] = n + 1
    return calls.add(passing(place, n), host)
  })
  const specific = await run(count, (n) =>
    calls.specific(size === 0 ? passing(0, n % (made[0] ?? 1)) : (n * 7919) % size),
  )
  const generic = await run(count, (n) => calls.generic((n * 7919) % (size + count)))
  const list = device.noLists ? undefined : await run(Math.min(count, 50), () => calls.list(100))
  const address = await run(count, () => calls.address())
  const remove = await run(count, (_, host) => {
    const place = hosts.indexOf(host)
    const n = (made[place] ?? 0) - 1
    made[place] = n
    return calls.delete(passing(place, n))
  })
  return new Map<ActionName, Latency>([
    ['AddPortMapping', add],
    ['DeletePortMapping', remove],
    ['GetSpecific', specific],
    ['GetGeneric', generic],
    ...(list ? [['GetList', list] as const] : []),
    ['GetExternalIP', address],
  ])
}

/** One row an action and way, the sizes side by side. */
export function soapReport(
  title: string,
  note: string,
  sizes: readonly number[],
  results: readonly { readonly way: Way; readonly size: number; readonly measured: Measured }[],
): Report {
  const ways = [...new Map(results.map(({ way }) => [nameOf(way), way])).values()]
  const rows = ACTIONS.flatMap((action) =>
    ways.map((way) => {
      const at = (size: number) =>
        results
          .find((result) => result.size === size && nameOf(result.way) === nameOf(way))
          ?.measured.get(action)
      const figures = sizes.flatMap((size): (string | number)[] => {
        const latency = at(size)
        return latency ? [latency.p50, latency.p99, Math.round(latency.perSecond)] : ['-', '-', '-']
      })
      return [action, nameOf(way), ...figures]
    }),
  )
  const head = sizes.flatMap((size) => [`p50 ms @${size}`, 'p99 ms', '/s'])
  return { title, note, head: ['action', 'connections', ...head], rows }
}

export const nameOf = ({ close, connections }: Way): string =>
  `${connections} ${close ? 'close' : 'keep-alive'}`
