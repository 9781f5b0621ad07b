import { request } from 'node:http'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/lib/clock.ts'
import { HTTP_PORT, IGD1 } from '../lab/support/daemon.ts'
import type { Program } from '../lab/support/program.ts'
import { python } from '../lab/support/python.ts'
import { ADDRESS } from '../lab/support/topology.ts'
import { TRANSPORTS } from '../lab/support/traffic.ts'
import { takePort } from '../lab/support/carrier.ts'
import { grantedPort, redirections, upnpc } from '../lab/support/upnpc.ts'
import type { Kind, Schedule } from './schedule.ts'
import type { Tally } from './tally.ts'
import { LAN3, type World } from './world.ts'

/** What the clients share. */
export interface Stage {
  readonly world: World
  readonly tally: Tally
  readonly random: Random
  readonly schedule: Schedule
  /** Aborted when the clients are to leave. */
  readonly leaving: AbortSignal
}

type Client = (stage: Stage) => Promise<void>

const LOCATION = {
  1: `http://${ADDRESS.cpeLan}:${HTTP_PORT}/igd1.xml`,
  2: `http://${ADDRESS.cpeLan}:${HTTP_PORT}/igd2.xml`,
}

/** Waits about so long; false when the clients are to leave. */
async function pause({ random, leaving }: Stage, seconds: number): Promise<boolean> {
  await sleep(seconds * 1000 * (0.5 + random.unit()), undefined, { signal: leaving }).catch(() => undefined)
  return !leaving.aborted
}

/** Over and over, with pauses of about so many seconds. */
async function repeat(stage: Stage, seconds: number, who: string, doing: () => Promise<void>): Promise<void> {
  while (await pause(stage, seconds)) await stage.tally.step(who, doing)
}

function check(isSo: boolean, what: string, printed: string): void {
  if (!isSo) throw new Error(`${what}\n${printed}`)
}

/** Adds, lists, deletes; now and then it searches first, and now and then takes any port. */
const addAndDelete: Client = async (stage) => {
  const { random, world } = stage
  const { lan1 } = world.lab.hosts
  await repeat(stage, 4, 'upnpc', async () => {
    const port = 7000 + Math.floor(random.unit() * 10)
    const transport = TRANSPORTS[random.unit() < 0.5 ? 0 : 1]
    const anyPort = random.unit() < 0.3
    const searches = !anyPort && random.unit() < 0.3 // and finds :1, which has no AddAnyPortMapping
    const run = upnpc(lan1, searches ? undefined : LOCATION[anyPort ? 2 : 1])
    const added = await run(anyPort ? '-n' : '-a', ADDRESS.lan1, port, port, transport, 120)
    const granted = grantedPort(added)
    check(granted !== undefined, 'add', added)
    const listed = await run('-l')
    check(
      redirections(listed).some((row) => row.externalPort === granted),
      'list',
      listed,
    )
    const deleted = await run('-d', granted ?? port, transport)
    check(deleted.includes('returned : 0'), 'delete', deleted)
  })
}

/** lan2, whose address comes from DHCP, keeps one mapping by asking again before its lease ends. */
const renewLease: Client = async (stage) => {
  const { addresses, lab } = stage.world
  const run = upnpc(lab.hosts.lan2, LOCATION[1])
  await repeat(stage, 30, 'upnpc renewing', async () => {
    const printed = await run('-a', addresses.lan2, 7100, 7100, 'UDP', 90)
    check(grantedPort(printed) === 7100, 'renew', printed)
  })
}

const discover: Client = async (stage) => {
  const { lan1, guest } = stage.world.lab.hosts
  await repeat(stage, 20, 'gssdp-discover', async () => {
    const host = stage.random.unit() < 0.5 ? lan1 : guest
    const found = await host.run(['gssdp-discover', '-i', 'lan', '--timeout=2', '-t', IGD1])
    check(found.stdout.includes('Location:'), 'search', found.stdout + found.stderr)
  })
}

/** A program that stays for about `seconds`, is ended, and started again. */
async function stay(
  stage: Stage,
  seconds: number,
  who: string,
  start: () => Promise<Program>,
): Promise<void> {
  while (!stage.leaving.aborted) {
    stage.tally.count(who)
    const program = await start()
    const goesOn = await pause(stage, seconds)
    if (!program.running) stage.tally.miss(who, `it ended: ${program.tail(5)}`)
    const isPolite = !goesOn || stage.random.unit() < 0.7
    await program.stop(isPolite ? 'SIGTERM' : 'SIGKILL')
    await pause(stage, 5)
  }
}

const seed: Client = (stage) =>
  stay(stage, 700, 'libtorrent', () =>
    Promise.resolve(
      stage.world.lab.hosts.lan1.start(python('libtorrent_peer.py', 'seed', ADDRESS.lan1, 6901)),
    ),
  )

const transmission: Client = async (stage) => {
  const directory = join(stage.world.lab.directory, 'transmission')
  await mkdir(directory)
  const flags = ['-f', '--config-dir', directory, '--portmap', '-P', '51413', '--no-auth']
  await stay(stage, 900, 'transmission', () =>
    Promise.resolve(stage.world.lan3.start(['transmission-daemon', ...flags])),
  )
}

const gupnpPort: Client = (stage) =>
  stay(stage, 300, 'libgupnp-igd', () =>
    Promise.resolve(stage.world.lab.hosts.guest.start(python('gupnp_port.py', ADDRESS.guest, 40_100))),
  )

const subscriber: Client = (stage) =>
  stay(stage, 400, 'GUPnP subscriber', () => {
    const service = 'urn:schemas-upnp-org:service:WANIPConnection:2'
    const watched = [service, 'ExternalIPAddress', 'PortMappingNumberOfEntries', 'SystemUpdateID']
    return Promise.resolve(stage.world.lab.hosts.lan1.start(python('gupnp_events.py', ...watched)))
  })

/** One to go through everything quickly; it says itself what did not fit. */
const inAHurry: Client = async (stage) => {
  const { tally, world } = stage
  const dice = Math.floor(stage.random.unit() * 2 ** 31)
  const script = new URL('control_point.py', import.meta.url).pathname
  const program = world.lan3.start(['/usr/bin/python3', script, ADDRESS.cpeLan, LAN3, String(dice)])
  let read = 0
  const take = () => {
    for (const line of program.lines.slice(read)) {
      if (line.startsWith('did '))
        for (const [what, times] of countsIn(line.slice(4))) tally.count(what, times)
      else if (line !== 'left') tally.miss('control point', line)
    }
    read = program.lines.length
  }
  while (await pause(stage, 2)) take()
  program.signal('SIGTERM')
  await program.ended(60_000)
  take()
}

function countsIn(json: string): [string, number][] {
  const parsed: unknown = JSON.parse(json)
  if (typeof parsed !== 'object' || parsed === null) return []
  return Object.entries(parsed).map(([what, times]) => [`SOAP ${what}`, Number(times)])
}

const isAtCarrier = (kind: Kind) => kind.startsWith('carrier ')

/**
 * Another subscriber of the carrier takes ports that the LAN asks for too. Where it gets none for no reason of ours, the
 * carrier is what fails.
 */
const neighbour: Client = async (stage) => {
  const { random, schedule, tally, world } = stage
  let served = schedule.now
  while (await pause(stage, 45)) {
    tally.count('neighbour')
    const port = 20_000 + Math.floor(random.unit() * 25)
    const asked = schedule.now
    try {
      await takePort(world.lab.hosts.neighbour, TRANSPORTS[random.unit() < 0.5 ? 0 : 1], port)
      served = asked
    } catch (error) {
      tally.miss('neighbour', String(error))
      if ([asked, schedule.now].some((at) => schedule.causes(at, 15).some(isAtCarrier))) continue
      await schedule.happen('carrier refused everybody', world, random, served)
    }
  }
}

/** The operator: asks by command, and follows the events for a while. */
const operator: Client = async (stage) => {
  const { daemon, hosts } = stage.world.lab
  const [node = ''] = daemon.command()
  const cli = daemon.command().find((word) => word.endsWith('cli.js')) ?? ''
  await repeat(stage, 60, 'operator', async () => {
    const asked = stage.random.unit() < 0.5 ? 'status' : 'mappings'
    const { code, stdout, stderr } = await hosts.cpe.run([node, cli, asked, '--control', daemon.controlPath])
    check(code === 0, asked, stdout + stderr)
    await followEvents(stage, daemon.controlPath)
  })
}

function followEvents(stage: Stage, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path: '/v1/events' }, (answer) => {
      answer.resume()
      answer.on('error', () => undefined) // the daemon was killed, or this side leaves
      void pause(stage, 10).then(() => {
        asking.destroy()
        resolve()
      })
    })
    asking.on('error', reject)
    asking.end()
  })
}

export const CLIENTS: readonly Client[] = [
  addAndDelete,
  renewLease,
  discover,
  seed,
  transmission,
  gupnpPort,
  subscriber,
  inAHurry,
  neighbour,
  operator,
]
