import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { bareNode, echoes, floorReport, nftTransaction, syncedAppend } from './sections/floors.ts'
import {
  footprint,
  type FootprintEffort,
  footprintReport,
  sizeReport,
  startReport,
  startTimes,
} from './sections/footprint.ts'
import {
  type Device,
  type Effort,
  fill,
  type Measured,
  measure,
  soapReport,
  type Way,
} from './sections/soap.ts'
import { recoveryReport } from './sections/recovery.ts'
import { renewals, renewalReport } from './sections/renewals.ts'
import { flood, searches, ssdpReport } from './sections/ssdp.ts'
import { Daemon, type NatMode } from './support/daemon.ts'
import { Miniupnpd } from './support/miniupnpd.ts'
import { askOnRouter } from './support/on-router.ts'
import { findPlace, type Place } from './support/place.ts'
import { printed, type Report } from './support/report.ts'
import type { Latency } from './support/stats.ts'

const HELP = `usage: npm run bench -- [--short] [--json FILE]

Measures the built daemon beside what it is made of and what others do. As root everything runs in network
namespaces of its own; else on loopback, without the kernel's NAT and without miniupnpd. --short is what CI runs.
`

interface Plan {
  readonly sizes: readonly number[]
  /** Of the modes that are measured: the ways to ask, and how many pairs of add and delete wear it. */
  readonly modes: Partial<Record<NatMode, { readonly ways: readonly Way[]; readonly pairs: number }>>
  readonly effort: Effort
  readonly footprint: Omit<FootprintEffort, 'pairs'>
  readonly peerSizes: readonly number[]
  readonly starts: number
  readonly floodSeconds: number
  /** Nothing but the calls and what they are made of. */
  readonly callsOnly: boolean
}

const CLOSE: readonly Way[] = [1, 8].map((connections) => ({ connections, close: true }))
const KEPT: readonly Way[] = [1, 8].map((connections) => ({ connections, close: false }))

const FULL: Plan = {
  sizes: [0, 1000, 10_000],
  modes: {
    none: { ways: [...CLOSE, ...KEPT], pairs: 100_000 },
    nftables: { ways: CLOSE, pairs: 10_000 },
  },
  effort: { calls: 200, rounds: 5 },
  footprint: { mappings: 10_000, idleSeconds: 60 },
  peerSizes: [0, 300, 1000],
  starts: 7,
  floodSeconds: 3,
  callsOnly: false,
}

const SHORT: Plan = {
  sizes: [0, 10_000],
  modes: { none: { ways: CLOSE.slice(0, 1), pairs: 500 } },
  effort: { calls: 200, rounds: 5 },
  footprint: { mappings: 1000, idleSeconds: 2 },
  peerSizes: [0],
  starts: 3,
  floodSeconds: 1,
  callsOnly: true,
}

const NAT_MODES: readonly NatMode[] = ['none', 'nftables']

/** The most that an AddPortMapping may cost at the largest table over its cost at none. */
const GROWTH = 1.15
/** The same in CI, on machines that others use: a scan of the table costs many times more, noise does not. */
const GROWTH_IN_CI = 2

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const place = findPlace()
  process.stdout.write(`${machine(place)}\n\n`)
  const { growth, reports } = await run(place, values.short ? SHORT : FULL)
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ machine: machine(place), reports }, null, 2)}\n`)
  const bar = values.short ? GROWTH_IN_CI : GROWTH
  for (const [name, factor] of growth) {
    const verdict = factor <= bar ? 'holds' : `TOO MUCH, the bar is ${bar}`
    process.stdout.write(`growth of AddPortMapping, ${name}: ${factor.toFixed(2)}: ${verdict}\n`)
  }
  return [...growth.values()].every((factor) => factor <= bar) ? 0 : 1
}

const machine = (place: Place): string =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? '?'}, Linux ${release()}, Node ${process.version}, on ${place.name}`

interface Results {
  readonly reports: readonly Report[]
  readonly growth: ReadonlyMap<string, number>
}

async function run(place: Place, plan: Plan): Promise<Results> {
  const reports: Report[] = []
  const show = (report: Report) => {
    reports.push(report)
    process.stdout.write(`${printed(report)}\n`)
  }
  const bare = await bareNode(3)
  const parts = await floors(place, plan)
  show(floorReport(parts))
  const growth = new Map<string, number>()
  const modes = NAT_MODES.flatMap((nat) => {
    const mode = nat === 'none' || place.hasKernel ? plan.modes[nat] : undefined
    return mode ? [{ ...mode, nat }] : []
  })
  for (const { nat, ways } of modes) {
    const { report, factor, p50 } = await daemonCalls(place, { ...plan, ways }, nat)
    show(report)
    growth.set(`nat ${nat}`, factor)
    own(parts, nat, p50)
  }
  if (plan.callsOnly) return { reports, growth }
  const peer = place.hasKernel ? await peerCalls(place, plan) : undefined
  if (peer) show(peer.report)
  show(await ssdp(place, plan))
  show(await recoveryReport(place, plan.footprint.mappings))
  show(renewalReport(await renewals(place, plan.footprint.mappings)))
  const found = []
  for (const { nat, pairs } of modes) {
    const effort = { ...plan.footprint, pairs }
    found.push({ nat, effort, footprint: await footprint(place, nat, effort) })
  }
  show(footprintReport(bare, peer, found))
  show(startReport(await startTimes(place, plan.starts), bare.start))
  show(sizeReport())
  return { reports, growth }
}

const PCP = 'PCP MAP round trip'
const NFT = 'nft transaction, kept nft -i'

/** What an AddPortMapping costs beside what it must wait for. */
function own(parts: readonly Part[], nat: NatMode, p50: number): void {
  const named = (name: string) => parts.find(([part]) => part === name)?.[1].p50 ?? 0
  const cost = p50 - named(PCP) - (nat === 'nftables' ? named(NFT) : 0)
  process.stdout.write(
    `AddPortMapping, nat ${nat}, beside PCP and nft: ${cost.toFixed(2)} ms; the bar is 1.5 ms\n\n`,
  )
}

type Part = readonly [string, Latency]

async function floors(place: Place, { effort, modes }: Plan): Promise<readonly Part[]> {
  const echo = await echoes(place, modes.none?.ways ?? [], effort)
  const rows: Part[] = [...echo].map(([way, latency]) => [`bare node:http, ${way}`, latency])
  const daemon = new Daemon(place, 'none')
  await daemon.carrier.said('PCP server on')
  rows.push([PCP, (await askOnRouter(place, 'round-trip', effort.calls)) as Latency])
  await daemon.stop()
  if (place.hasKernel) rows.push([NFT, await nftTransaction(place, effort.calls)])
  return [...rows, ['append and fdatasync', syncedAppend(effort.calls)]]
}

async function daemonCalls(
  place: Place,
  { effort, sizes, ways }: Pick<Plan, 'effort' | 'sizes'> & { readonly ways: readonly Way[] },
  nat: NatMode,
) {
  const daemon = new Daemon(place, nat)
  await daemon.start()
  const device = { place, target: daemon.target }
  const results = await atSizes(device, sizes, ways, effort)
  await daemon.stop()
  const [first, last] = [results.at(0), results.filter(({ way }) => way === results[0]?.way).at(-1)]
  const cost = (measured: Measured | undefined) => measured?.get('AddPortMapping')?.least ?? NaN
  const note =
    'SOAP calls to the daemon, the embedded PCP server as the carrier. @N: with N mappings in the table.'
  return {
    report: soapReport(`igd-pcp, nat: ${nat}`, note, sizes, results),
    factor: cost(last?.measured) / cost(first?.measured),
    p50: first?.measured.get('AddPortMapping')?.p50 ?? NaN,
  }
}

async function atSizes(device: Device, sizes: readonly number[], ways: readonly Way[], effort: Effort) {
  const results: { readonly way: Way; readonly size: number; readonly measured: Measured }[] = []
  let filled = 0
  for (const size of sizes) {
    await fill(device, filled, size)
    filled = size
    await warmUp(device, size, ways[0])
    for (const way of ways) results.push({ way, size, measured: await measure(device, size, way, effort) })
  }
  return results
}

/** The first calls of all are slow, whatever the table: code is compiled when it has been used for a while. */
async function warmUp(device: Device, size: number, way: Way | undefined): Promise<void> {
  if (way) await measure(device, size, way, { calls: size === 0 ? 1500 : 100, rounds: 1 })
}

async function peerCalls(place: Place, { effort, peerSizes }: Plan) {
  const peer = new Miniupnpd(place)
  await peer.start()
  const idle = peer.memory().resident
  const ways = [{ connections: 1, close: true }]
  const results = await atSizes(peer.device, peerSizes, ways, effort)
  const filled = peer.memory().resident
  peer.stop()
  const note = 'The same calls to miniupnpd as a plain Internet Gateway Device, which asks no carrier.'
  const report = soapReport('miniupnpd', note, peerSizes, results)
  return { report, idle, filled, mappings: peerSizes.at(-1) ?? 0 }
}

async function ssdp(place: Place, { effort, floodSeconds }: Plan): Promise<Report> {
  const daemon = new Daemon(place, 'none')
  await daemon.start()
  const usual = await searches(place, Math.min(100, effort.calls))
  const report = ssdpReport(usual, await flood(place, daemon.program, floodSeconds), floodSeconds)
  await daemon.stop()
  return report
}

process.exitCode = await main()
