import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Status } from '../../src/core/status.ts'
import type { World } from './world.ts'

/** How the daemon was at one moment. Memory in MiB. */
export interface Sample {
  /** Seconds since the start of the soak. */
  readonly at: number
  /** Which life of the daemon: 1 until it was first killed. */
  readonly life: number
  readonly rss: number
  readonly threads: number
  /** Seconds of CPU in this life. */
  readonly cpu: number
  readonly children: number
  /** Open files by kind: socket, pipe, file, and the kernel's names for the rest. */
  readonly files: Readonly<Record<string, number>>
  /** Octets. */
  readonly journal: number
  /** Elements of the maps and sets in the kernel. */
  readonly elements: number
  readonly mappings: number
}

/** Ticks of /proc a second, as Linux has had it on every machine for decades. */
const TICKS = 100

async function filesOf(pid: number): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const fd of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => undefined) // closed meanwhile
    if (target === undefined) continue
    const kind = /^(?:anon_inode:)?\[?([a-z]+)/.exec(target)?.[1] ?? 'file'
    found[kind] = (found[kind] ?? 0) + 1
  }
  return found
}

async function cpuOf(pid: number): Promise<number> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

async function childrenOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).length
}

/** The elements of a map or set of our table, as nft prints them in JSON. */
export async function kernelElements({ lab }: World, name?: string): Promise<readonly unknown[]> {
  const listed = await lab.hosts.cpe.must(['nft', '-j', 'list', 'table', 'ip', 'igd_pcp'])
  const { nftables } = JSON.parse(listed) as {
    nftables: Record<string, { name?: string; elem?: unknown[] }>[]
  }
  return nftables
    .flatMap((row) => [row['map'], row['set']])
    .filter((held) => held !== undefined && (name === undefined || held.name === name))
    .flatMap((held) => held?.elem ?? [])
}

/** What the daemon says of itself over its control socket. */
export function statusOf({ lab: { daemon } }: World): Promise<Status> {
  return new Promise((resolve, reject) => {
    const asking = request(
      { socketPath: daemon.controlPath, path: '/v1/status', timeout: 10_000 },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (part: string) => (text += part))
        answer.on('end', () => resolve(JSON.parse(text) as Status))
        answer.on('error', reject)
      },
    )
    asking.on('timeout', () => asking.destroy(new Error('the control socket gives no answer in 10 s')))
    asking.on('error', reject)
    asking.end()
  })
}

/** Undefined while no daemon runs. */
export async function takeSample(world: World, at: number, life: number): Promise<Sample | undefined> {
  const { pid } = world.lab.daemon
  if (pid === undefined) return undefined
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  const number = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1])
  const journal = await stat(join(world.lab.directory, 'state', 'journal'))
  return {
    at,
    life,
    rss: number('VmRSS') / 1024,
    threads: number('Threads'),
    cpu: await cpuOf(pid),
    children: await childrenOf(pid),
    files: await filesOf(pid),
    journal: journal.size,
    elements: (await kernelElements(world)).length,
    mappings: (await statusOf(world)).mappings.length,
  }
}

/** What the daemon measured of itself. Memory in MiB. */
export interface Measure {
  readonly pid: number
  /** Whether the garbage was collected just before. */
  readonly collected: boolean
  readonly heapUsed: number
  /** Of the heap: code as it was compiled. 0 where nothing was collected. */
  readonly code: number
  readonly external: number
  /** What keeps the process going, by kind: timers, sockets, servers. */
  readonly resources: Readonly<Record<string, number>>
}

export async function readMeasures({ measures }: World): Promise<readonly Measure[]> {
  const MIB = 1024 * 1024
  const lines = (await readFile(measures, 'utf8')).split('\n').filter(Boolean)
  return lines.map((line) => {
    const measure = JSON.parse(line) as Measure
    const inMib = (octets: number) => octets / MIB
    return {
      ...measure,
      heapUsed: inMib(measure.heapUsed),
      code: inMib(measure.code),
      external: inMib(measure.external),
    }
  })
}
