import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hookDirectory, leaseFile } from './dhcp.ts'
import type { Namespace } from './namespace.ts'
import { type Program, until } from './program.ts'
import { python } from './python.ts'
import { ADDRESS, type NatMode } from './topology.ts'

export const CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))
export const HTTP_PORT = 5000
export const IGD1 = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1'
export const IGD2 = 'urn:schemas-upnp-org:device:InternetGatewayDevice:2'

/** The LOCATION of the first answer to a search from `host`, or undefined. */
export async function find(host: Namespace, target: string, address?: string): Promise<string | undefined> {
  const to = address === undefined ? [] : [address]
  const { code, stdout } = await host.run(python('igd.py', 'find', target, ...to))
  return code === 0 ? stdout.trim() : undefined
}

/** The document at `url`, as `host` gets it, or undefined. */
export async function get(host: Namespace, url: string): Promise<string | undefined> {
  const { code, stdout } = await host.run(python('igd.py', 'get', url))
  return code === 0 ? stdout : undefined
}

/** What one call of a WANIPConnection action was answered: 200 or the code of the fault. */
export async function call(
  host: Namespace,
  location: string,
  action: string,
  args: Readonly<Record<string, string | number>>,
): Promise<number> {
  const words = Object.entries(args).map(([name, value]) => `${name}=${value}`)
  const command = python('igd.py', 'call', location, action, ...words)
  return Number(await host.must(command, { timeout: 45_000 }))
}

/** The slowest answer of each kind that needs no carrier, in milliseconds, while `seconds` pass. */
export async function slowestAnswers(
  host: Namespace,
  location: string,
  seconds: number,
): Promise<ReadonlyMap<string, number>> {
  const printed = await host.must(python('igd.py', 'time', location, seconds), { timeout: 60_000 })
  const rows = printed.trim().split('\n')
  return new Map(rows.map((row) => row.split(' ')).map(([name = '', worst]) => [name, Number(worst)]))
}

export interface DaemonOptions {
  readonly nat: NatMode
  /** Flags beyond those every daemon of the lab has; a repeated one wins over them. */
  readonly flags?: readonly string[]
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[]
  /** Settings that have no flag. */
  readonly environment?: Readonly<Record<`IGD_PCP_${string}`, string>>
  /** It is not told its PCP server, and has to find it. */
  readonly findsServer?: boolean
}

/** igd-pcp on the CPE, as its operator starts it. */
export class Daemon {
  readonly #hosts: Readonly<Record<'cpe' | 'lan1', Namespace>>
  readonly #options: DaemonOptions
  readonly controlPath: string
  readonly #directory: string
  #program: Program | undefined

  /** `directory` is for its state, its control socket, and where it looks for the leases of a DHCP server. */
  constructor(hosts: Readonly<Record<'cpe' | 'lan1', Namespace>>, options: DaemonOptions, directory: string) {
    this.#hosts = hosts
    this.#options = options
    this.#directory = directory
    this.controlPath = join(directory, 'control')
  }

  /** What it is started with. */
  command(flags: readonly string[] = []): readonly string[] {
    const server = this.#options.findsServer === true ? [] : ['--pcp-server', ADDRESS.carrier]
    const lab = ['--lan', 'lan,guest', '--wan', 'wan', ...server]
    const files = ['--state-dir', join(this.#directory, 'state'), '--control', this.controlPath]
    const rest = ['--nat', this.#options.nat, '--http-port', String(HTTP_PORT), '--log-level', 'debug']
    const node = [process.execPath, ...(this.#options.nodeFlags ?? [])]
    return [...node, CLI, 'run', ...lab, ...files, ...rest, ...(this.#options.flags ?? []), ...flags]
  }

  /** Started when a LAN host finds it and gets its description. */
  async start(): Promise<void> {
    if (!existsSync(CLI)) throw new Error(`${CLI} is missing: npm run build`)
    const environment = {
      ...process.env,
      ...this.#options.environment,
      IGD_PCP_LAN_LEASES: leaseFile(this.#directory, 'lan'),
      IGD_PCP_PCP_DHCP_DIR: hookDirectory(this.#directory),
    }
    const program = this.#hosts.cpe.start(this.command(), environment)
    this.#program = program
    await until(
      () => `a description\n${program.tail()}`,
      15_000,
      async () => {
        if (!program.running) throw new Error(`the daemon ended\n${program.tail()}`)
        const location = await find(this.#hosts.lan1, IGD1)
        return location === undefined ? undefined : await get(this.#hosts.lan1, location)
      },
    )
  }

  /** What `igd-pcp status` prints of it. */
  async status(): Promise<string> {
    const command = [process.execPath, CLI, 'status', '--control', this.controlPath]
    return (await this.#hosts.cpe.run(command)).stdout
  }

  /** Ends it by `signal` and gives the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    return (await this.#program?.stop(signal)) ?? -1
  }

  /** MiB of memory it holds (VmRSS). */
  async memory(): Promise<number> {
    const status = await readFile(`/proc/${this.#program?.pid ?? 'none'}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
  }

  /** Undefined before it was started. */
  get pid(): number | undefined {
    return this.#program?.pid
  }

  signal(name: NodeJS.Signals): void {
    this.#program?.signal(name)
  }

  /** How many lines it has logged. */
  lines(): number {
    return this.said.length
  }

  /** What it has logged since it was started. */
  get said(): readonly string[] {
    return this.#program?.lines ?? []
  }

  /** The end of its log without the calls that went well, for the message of a failed test. */
  log(): string {
    const lines = this.#program?.lines ?? ['the daemon was not started']
    return lines
      .filter((line) => !line.includes('DEBUG control'))
      .slice(-30)
      .join('\n')
  }
}
