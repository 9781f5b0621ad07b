import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { Closers } from '../../../src/lib/closers.ts'
import { Carrier } from './carrier.ts'
import { Daemon, type DaemonOptions, find, IGD1, IGD2 } from './daemon.ts'
import { buildTopology, type Hosts, type NatMode } from './topology.ts'
import { type Upnpc, upnpc } from './upnpc.ts'

export const NAT_MODES = ['nftables', 'none'] as const

export interface LabOptions extends DaemonOptions {
  /** The carrier's longest lifetime, in seconds. */
  readonly maxLifetime?: number
}

/** Everything, running: hosts, carrier, daemon. */
export interface Lab {
  readonly nat: NatMode
  readonly hosts: Hosts
  readonly carrier: Carrier
  readonly daemon: Daemon
  /** For files of the test. Gone afterwards. */
  readonly directory: string
}

/** A directory below the run's own, or below the system's when a test is run alone. */
async function openDirectory(closers: Closers): Promise<string> {
  const directory = await mkdtemp(join(process.env['LAB_DIRECTORY'] ?? tmpdir(), 'lab-'))
  closers.defer(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** The network, the carrier and a daemon that is not started yet. `closers` takes down what was opened. */
export async function openLab(options: LabOptions, closers: Closers): Promise<Lab> {
  const { nat, maxLifetime = 86_400 } = options
  const directory = await openDirectory(closers)
  const hosts = await buildTopology(nat, closers)
  const routed = nat === 'none'
  const carrier = new Carrier(
    hosts.carrier,
    { thirdParty: routed, maxLifetime, endsFlows: routed },
    directory,
  )
  await carrier.start()
  return { nat, hosts, carrier, daemon: new Daemon(hosts, options, directory), directory }
}

/** A lab for the tests of one suite; the daemon is left to them. What it said is shown when one fails. */
export function useNetwork(options: LabOptions): () => Lab {
  const closers = new Closers((error) => console.error(error))
  let lab: Lab | undefined
  const opened = () => {
    if (lab === undefined) throw new Error('the lab was not built')
    return lab
  }
  beforeAll(async () => {
    lab = await openLab(options, closers)
  })
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(opened().daemon.log())
  })
  afterAll(() => closers[Symbol.asyncDispose]())
  return opened
}

/** The same, with the daemon running. */
export function useLab(options: LabOptions): () => Lab {
  const lab = useNetwork(options)
  beforeAll(() => lab().daemon.start())
  return lab
}

/** The LOCATION of one of the two trees, as lan1 finds it. */
export async function locate({ hosts }: Lab, device: typeof IGD1 | typeof IGD2): Promise<string> {
  const location = await find(hosts.lan1, device)
  if (location === undefined) throw new Error(`nobody answers a search for ${device}`)
  return location
}

/** upnpc on a LAN host that knows the IGD:1 description, so that it need not search. */
export async function client(lab: Lab, host: 'lan1' | 'lan2' = 'lan1'): Promise<Upnpc> {
  return upnpc(lab.hosts[host], await locate(lab, IGD1))
}
