import { existsSync } from 'node:fs'
import { mappedAddress, serverFinder } from '../carrier.ts'
import type { FlagValues } from '../config/flags.ts'
import { parsePcpServer } from '../config/pcp-server-address.ts'
import { readConfig } from '../config/read-config.ts'
import type { Config } from '../config/schema.ts'
import type { Problem } from '../config/setting.ts'
import { readInterfaces } from '../lan/interfaces.ts'
import { leaseDisk } from '../lan/leases/disk.ts'
import { bootTime } from '../lib/boot-time.ts'
import { type Decoded, decoded } from '../lib/decoded.ts'
import { Deadlines } from '../lib/deadlines.ts'
import { createLog } from '../log/logger.ts'
import { type Choice, choose } from '../pcp/discovery/choice.ts'
import { routeTables } from '../pcp/discovery/routes.ts'
import { connectSocket, type Endpoint } from '../pcp/socket.ts'
import { probe as ask, type ProbeWorld, type Target } from '../probe/probe.ts'
import type { ProbeReport } from '../probe/report.ts'
import { parseArguments, UsageError } from './arguments.ts'
import { columns } from './columns.ts'
import { USUAL_FILE } from './daemon.ts'
import { DONE, type Io, USAGE } from './io.ts'
import { missingAmong } from './preconditions.ts'
import { probeText } from './probe-text.ts'
import { reportProblems } from './problems.ts'
import { random } from './random.ts'
import { abortedBySignal } from './signals.ts'

const HELP = `usage: igd-pcp probe [SERVER] [flags]

Asks a PCP server what it can do, and says whether port mapping will work. SERVER is ADDR, ADDR:PORT or [IPV6]:PORT;
without it the server is found as the daemon finds it. It makes a few mappings and deletes them again.

${columns([
  ['--json', 'JSON, for programs.'],
  ['--wan IFACE', 'The interface towards the carrier, where the configuration does not say.'],
  ['--pcp-server ADDR[:PORT]', 'The same as SERVER; may be given several times.'],
  ['--config FILE', `The configuration of the daemon, default ${USUAL_FILE}.`],
])}
Exit code 0: port mapping will work; 1: it will not; 2: the command or the configuration is wrong.
`

/** Port mapping will not work. */
const WORKS_NOT = 1

const OPTIONS = {
  wan: { type: 'string' },
  'pcp-server': { type: 'string', multiple: true },
  config: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Whom to ask, and as whom. */
interface Plan {
  readonly choice: Choice
  /** The interface towards the carrier; '' where nobody named it. */
  readonly wan: string
  readonly natPmp: ProbeWorld['natPmp']
  readonly nat: ProbeWorld['nat']
}

export async function probe(argv: readonly string[], io: Io): Promise<number> {
  const { positionals, values } = parseArguments({
    args: [...argv],
    options: OPTIONS,
    allowPositionals: true,
  })
  if (values.help === true) {
    io.out(HELP)
    return DONE
  }
  if (positionals.length > 1) throw new UsageError('give one SERVER')
  const named = [...positionals, ...(values['pcp-server'] ?? [])].map(serverIn)
  const plan = named.length > 0 ? decoded(planFor(named, values.wan)) : await planOf(values, io)
  if (!plan.ok) return reportProblems(plan.why, io)
  const missing = missingAmong(plan.value.wan === '' ? [] : [plan.value.wan])
  if (missing !== undefined) {
    io.err(`igd-pcp probe: ${missing}\n`)
    return USAGE
  }
  return await report(plan.value, values.json === true, io)
}

function serverIn(text: string): Endpoint {
  const server = parsePcpServer(text)
  if (!server.ok) throw new UsageError(`SERVER ${server.why}; it is ${JSON.stringify(text)}`)
  return server.value
}

function planFor(servers: readonly Endpoint[], wan = ''): Plan {
  const nobodyElse = { dhcp: [], routers: [], anycast: false }
  return { choice: choose({ ...nobodyElse, configured: servers, wan }), wan, natPmp: 'auto', nat: 'nftables' }
}

interface Given {
  readonly config?: string | undefined
  readonly wan?: string | undefined
}

/** What the daemon would ask with this configuration. */
async function planOf(given: Given, io: Io): Promise<Decoded<Plan, readonly Problem[]>> {
  const config = await configOf(given, io)
  if (!config.ok) return config
  const { nat, pcp, wan } = config.value
  const log = createLog({ level: 'warn', format: 'text', journald: false, write: io.err })
  const clock = new Deadlines(bootTime())
  const world = { clock, disk: leaseDisk, interfaces: readInterfaces, log, routes: routeTables }
  const choice = await serverFinder(config.value, world).find()
  return decoded({ choice, wan: wan.interface, natPmp: pcp.natpmp, nat: nat.mode })
}

/** No interface is called so. */
const NO_LAN = '_'

/** As the daemon reads it, but that no LAN has to be named: a probe needs none. */
async function configOf({ config, wan }: Given, io: Io): Promise<Decoded<Config, readonly Problem[]>> {
  const file = config ?? (existsSync(USUAL_FILE) ? USUAL_FILE : undefined)
  const read = (flags: FlagValues) =>
    readConfig(file, { environment: io.environment, flags: { wan, ...flags } })
  const whole = await read({})
  const lacksLan = !whole.ok && whole.why.some(({ where }) => where === 'lan.interfaces')
  return lacksLan ? await read({ lan: [NO_LAN] }) : whole
}

async function report(plan: Plan, json: boolean, io: Io): Promise<number> {
  const [first, ...others] = targetsOf(plan.choice)
  if (!first) {
    io.err(`igd-pcp probe: ${NOBODY}\n`)
    return WORKS_NOT
  }
  const stop = abortedBySignal()
  const found = await firstReachable([first, ...others], plan, stop.signal, io)
  stop[Symbol.dispose]()
  io.out(json ? `${JSON.stringify(found, undefined, 2)}\n` : probeText(found))
  return found.works ? DONE : WORKS_NOT
}

/** What was found of the first that answers, else of the last. */
async function firstReachable(
  [target, ...others]: Targets,
  plan: Plan,
  signal: AbortSignal,
  io: Io,
): Promise<ProbeReport> {
  const found = await ask(target, worldOf(plan, target, io), signal)
  const [next, ...rest] = others
  if (found.reachable || !next || signal.aborted) return found
  io.err(`igd-pcp probe: ${found.server}: ${found.trouble ?? ''}; trying the next\n`)
  return await firstReachable([next, ...rest], plan, signal, io)
}

type Targets = readonly [Target, ...Target[]]

const NOBODY =
  'no PCP server is known: DHCP names none and the WAN has no default router; name one: igd-pcp probe SERVER'

/** Every address, in the order in which the daemon tries them. */
const targetsOf = ({ guesses, servers, source }: Choice): readonly Target[] => [
  ...servers
    .flat()
    .map((server) => ({ server, source: source === 'nowhere' ? ('static' as const) : source })),
  ...guesses.flat().map((server) => ({ server, source: 'anycast' as const })),
]

const worldOf = ({ nat, natPmp, wan }: Plan, { server }: Target, io: Io): ProbeWorld => ({
  clock: new Deadlines(bootTime()),
  random,
  connect: (to) => connectSocket(to),
  natPmp,
  nat,
  ipv4: () => mappedAddress(readInterfaces(), wan),
  say: (what) => io.err(`igd-pcp probe: ${server.address}: ${what}\n`),
})
