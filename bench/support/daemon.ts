import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Place } from './place.ts'
import { Program } from './program.ts'
import type { Target } from './soap.ts'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
export const HTTP_PORT = 5000
const PCP_PORT = 5351

export type NatMode = 'none' | 'nftables'

/** Nothing is in the way of whoever asks much. */
const CONFIG = `
[access]
perHost = 65535
total = 65535
addRate = 1000
addBurst = 1000
totalRate = 10000
totalBurst = 10000
`

/** As the packages start it (`deploy/systemd/igd-pcp.service`, `docker/Dockerfile`). */
const ENVIRONMENT = { ...process.env, MALLOC_ARENA_MAX: '1' }

/** igd-pcp with its carrier: the embedded server, which takes the same time at any size of its table. */
export class Daemon {
  readonly #place: Place
  readonly #carrier: Program
  readonly #directory = mkdtempSync(join(tmpdir(), 'igd-pcp-bench-'))
  readonly #nat: NatMode
  #program: Program | undefined

  constructor(place: Place, nat: NatMode, carrierFlags: readonly string[] = []) {
    this.#place = place
    this.#nat = nat
    const listen = [
      '--listen',
      `${place.carrier}:${PCP_PORT}`,
      '--external',
      '203.0.114.1',
      '--quota',
      '65535',
    ]
    const command = [process.execPath, CLI, 'pcp-server', ...listen, ...carrierFlags]
    this.#carrier = new Program(place.on('carrier', command))
    writeFileSync(join(this.#directory, 'config.toml'), CONFIG)
  }

  get carrier(): Program {
    return this.#carrier
  }

  get program(): Program {
    if (!this.#program) throw new Error('the daemon is not started')
    return this.#program
  }

  get target(): Target {
    return { address: this.#place.router, port: HTTP_PORT, path: '/igd2/control/wan-ip-connection' }
  }

  async start(): Promise<void> {
    await this.#carrier.said('PCP server on')
    this.#program = this.launch()
    await this.#program.said('ready')
  }

  /** Another of our commands, for this daemon. */
  command(name: string, ...flags: readonly string[]): readonly string[] {
    return [process.execPath, CLI, name, '--control', this.#control, ...flags]
  }

  get #control(): string {
    return join(this.#directory, 'control')
  }

  /** The program on its way up. */
  launch(): Program {
    const { carrier, lan, wan } = this.#place
    const ways = ['--lan', lan, '--wan', wan, '--pcp-server', carrier, '--nat', this.#nat]
    const files = ['--state-dir', join(this.#directory, 'state'), '--control', this.#control]
    const config = ['--config', join(this.#directory, 'config.toml'), '--http-port', String(HTTP_PORT)]
    const command = [process.execPath, CLI, 'run', ...ways, ...files, ...config]
    return new Program(this.#place.on('cpe', command), ENVIRONMENT)
  }

  async stop(): Promise<void> {
    await this.#program?.stop()
    await this.#carrier.stop()
    rmSync(this.#directory, { recursive: true })
  }
}
