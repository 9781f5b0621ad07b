import { readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Calls, passing } from '../support/calls.ts'
import { Daemon, type NatMode } from '../support/daemon.ts'
import { load } from '../support/load.ts'
import type { Place } from '../support/place.ts'
import { pause } from '../support/program.ts'
import type { Report } from '../support/report.ts'
import { median } from '../support/stats.ts'
import { search } from './ssdp.ts'
import { fill, hostAt } from './soap.ts'

// Memory, processor time, start and size on disk.

/** After this the memory of a start is given back. */
const CALM = 30_000

interface Footprint {
  readonly idle: number
  readonly filled: number
  readonly worn: number
  readonly peak: number
  /** Milliseconds of processor time in an hour of doing nothing with the table full. */
  readonly idleHour: number
  /** Microseconds of processor time for a pair of add and delete. */
  readonly pair: number
}

export interface FootprintEffort {
  readonly mappings: number
  readonly pairs: number
  readonly idleSeconds: number
}

export async function footprint(place: Place, nat: NatMode, effort: FootprintEffort): Promise<Footprint> {
  const daemon = new Daemon(place, nat)
  await daemon.start()
  const { program, target } = daemon
  await pause(CALM)
  const idle = program.memory().resident
  await fill({ place, target }, 0, effort.mappings)
  await pause(CALM)
  const filled = program.memory().resident
  const before = program.cpu()
  await pause(effort.idleSeconds * 1000)
  const idleHour = (1000 * (program.cpu() - before) * 3600) / effort.idleSeconds
  const pair = await pairs(place, daemon, effort)
  await pause(CALM)
  const { peak, resident: worn } = program.memory()
  await daemon.stop()
  return { idle, filled, worn, peak, idleHour, pair }
}

/** How many ports each host goes round. */
const PORTS = 64

/** Adds and deletes the same few ports over and over, at a full table. */
async function pairs(place: Place, daemon: Daemon, { pairs: count }: FootprintEffort): Promise<number> {
  const { program, target } = daemon
  const calls = new Calls(target, true)
  const before = program.cpu()
  const { hosts } = place
  const hostOf = (_: number, worker: number) => hostAt(place, worker)
  const steps = hosts.map(() => 0)
  const call = (_: number, host: string) => {
    const own = hosts.indexOf(host)
    const step = steps[own] ?? 0
    steps[own] = step + 1
    const mapping = passing(own, (step >> 1) % PORTS)
    return step % 2 === 0 ? calls.add(mapping, host) : calls.delete(mapping)
  }
  await load({ target, hostOf, connections: 8, calls: 2 * count, call })
  return (1e6 * (program.cpu() - before)) / count
}

export const footprintReport = (
  { resident }: { readonly resident: number },
  peer: { readonly idle: number; readonly filled: number; readonly mappings: number } | undefined,
  found: readonly {
    readonly nat: NatMode
    readonly effort: FootprintEffort
    readonly footprint: Footprint
  }[],
): Report => ({
  title: 'Memory and processor time',
  note: 'Resident memory in MB; the peak is the most there ever was.',
  head: [
    'what',
    'idle',
    'mappings',
    'with them',
    'add/delete pairs',
    'after them',
    'peak',
    'CPU ms/idle hour',
    'CPU µs/pair',
  ],
  rows: [
    ...found.map(({ effort, footprint: f, nat }) => [
      `igd-pcp, nat ${nat}`,
      f.idle,
      effort.mappings,
      f.filled,
      effort.pairs,
      f.worn,
      f.peak,
      Math.round(f.idleHour),
      Math.round(f.pair),
    ]),
    ['bare Node', resident, 0, '-', 0, '-', '-', '-', '-'],
    ...(peer ? [['miniupnpd', peer.idle, peer.mappings, peer.filled, 0, '-', '-', '-', '-']] : []),
  ],
})

/** From the start of the process to its first answer to a search, in ms. */
export async function startTimes(place: Place, rounds: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const daemon = new Daemon(place, 'none')
    await daemon.carrier.said('PCP server on')
    const started = performance.now()
    const program = daemon.launch()
    await search(place, 10)
    times.push(performance.now() - started)
    await program.stop()
    await daemon.stop()
  }
  return times
}

export const startReport = (times: readonly number[], bare: number): Report => ({
  title: 'Start',
  note: 'From the start of the process to the first answer to a search, and what a bare Node takes to run one line.',
  head: ['what', 'median ms', 'least', 'most'],
  rows: [
    ['igd-pcp, first SSDP answer', median(times), Math.min(...times), Math.max(...times)],
    ['bare Node', bare, '-', '-'],
  ],
})

export function sizeReport(): Report {
  const folders = ['dist', 'descriptors']
  const rows = folders.map((name) => {
    const path = fileURLToPath(new URL(`../../${name}/`, import.meta.url))
    const files = readdirSync(path).map((file) => statSync(path + file).size)
    return [name, files.length, files.reduce((sum, size) => sum + size, 0) / 1024]
  })
  return {
    title: 'Size on disk',
    note: 'What is shipped beside Node itself.',
    head: ['folder', 'files', 'KB'],
    rows,
  }
}
