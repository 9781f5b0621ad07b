import { existsSync } from 'node:fs'
import * as v from 'valibot'
import { readConfig } from '../config/read-config.ts'
import { VARIABLE_PREFIX } from '../config/keys.ts'
import { CONFIG, type Config } from '../config/schema.ts'
import type { Problem as ConfigProblem } from '../config/setting.ts'
import { type Answer, NoDaemon } from '../control/client.ts'
import type { Decoded } from '../lib/decoded.ts'
import type { Io } from './io.ts'
import { obstacles } from './obstacles.ts'

/** Where the packages put it, and where the daemon's unit looks. */
export const USUAL_FILE = '/etc/igd-pcp/igd-pcp.toml'

/** There is no daemon to ask: as `systemctl status` has it. */
const NOT_RUNNING = 3
/** The daemon refused. */
export const REFUSED = 1

/** The flags of every command that talks to the daemon. */
export const DAEMON_OPTIONS = {
  config: { type: 'string' },
  control: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

export const DAEMON_HELP = [
  ['--json', 'JSON, for programs.'],
  ['--control PATH', 'The control socket of the daemon; without it what the configuration says.'],
  ['--config FILE', `The configuration of the daemon, default ${USUAL_FILE}.`],
] as const

/** The daemon as a command finds it. */
export interface DaemonPlace {
  /** The control socket. */
  readonly path: string
  /** Undefined where nothing here says how the daemon is configured: by flags, by the variables of its service. */
  readonly config: Decoded<Config, readonly ConfigProblem[]> | undefined
}

export async function daemonPlace(
  flags: { readonly config?: string | undefined; readonly control?: string | undefined },
  { environment }: Pick<Io, 'environment'>,
): Promise<DaemonPlace> {
  const file = flags.config ?? (existsSync(USUAL_FILE) ? USUAL_FILE : undefined)
  const config = await readConfig(file, { environment, flags: {} })
  const isConfigured = file !== undefined || Object.keys(environment).some(isOurs)
  const usual = v.parse(CONFIG.entries.control, {}).path
  const configured = config.ok ? config.value.control.path : environment['IGD_PCP_CONTROL_PATH']
  return { path: flags.control ?? configured ?? usual, config: isConfigured ? config : undefined }
}

const isOurs = (variable: string): boolean => variable.startsWith(VARIABLE_PREFIX)

/** Asks the daemon, and hands its answer on; where there is none, says why and what to do. The answer is the exit code. */
export async function withDaemon(
  { config, path }: DaemonPlace,
  io: Io,
  talk: () => Promise<number>,
): Promise<number> {
  try {
    return await talk()
  } catch (error) {
    if (!(error instanceof NoDaemon)) throw error
    if (error.forbidden) io.err(`igd-pcp: no permission for ${path}; run it as root\n`)
    else io.err(await noDaemon(path, config))
    return NOT_RUNNING
  }
}

const START =
  'start it: systemctl start igd-pcp, on OpenWrt service igd-pcp start; its log says why it ended: journalctl -u igd-pcp, logread -e igd-pcp'

async function noDaemon(path: string, config: DaemonPlace['config']): Promise<string> {
  const reasons = config ? await obstacles(config) : []
  const advice = reasons.length === 0 ? [START] : reasons
  return advice.map((reason) => `igd-pcp: no daemon runs (nobody answers at ${path}); ${reason}\n`).join('')
}

/** Prints what the daemon refused. */
export function reportRefusal({ body }: Answer, io: Io): number {
  const { error } = v.parse(REFUSAL, body)
  const code = error.code === undefined ? '' : ` (${error.code} ${error.text ?? ''})`
  io.err(`igd-pcp: ${error.reason}${code}\n`)
  return REFUSED
}

const REFUSAL = v.object({
  error: v.object({ reason: v.string(), code: v.optional(v.number()), text: v.optional(v.string()) }),
})
