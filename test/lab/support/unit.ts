import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { find, get, IGD1 } from './daemon.ts'
import type { Lab } from './lab.ts'
import { must, type Program, until } from './program.ts'
import { python } from './python.ts'
import { ADDRESS } from './topology.ts'

const UNIT = fileURLToPath(new URL('../../../deploy/systemd/igd-pcp.service', import.meta.url))
const BUNDLE = fileURLToPath(new URL('../../../bundle/igd-pcp.mjs', import.meta.url))

const configOf = ({ nat }: Lab) => `
nat.mode = "${nat}"
lan.interfaces = ["lan", "guest"]
wan.interface = "wan"
pcp.servers = ["${ADDRESS.carrier}"]
log.level = "debug"
`

/** The path of the whole program as one file, made and put into a directory. */
export async function installedBundle(directory: string): Promise<string> {
  await must(['npm', 'run', '--silent', 'bundle'], { timeout: 60_000 })
  const path = join(directory, 'igd-pcp.mjs')
  await copyFile(BUNDLE, path)
  return path
}

/** The service of the systemd unit that is shipped, installed below a directory of the test. */
export class Unit {
  readonly #lab: Lab
  readonly #directory: string

  private constructor(lab: Lab) {
    this.#lab = lab
    this.#directory = join(lab.directory, 'unit')
  }

  /** With every capability in the unit, or with none. */
  static async install(lab: Lab, capabilities: 'as shipped' | 'none' = 'as shipped'): Promise<Unit> {
    const unit = new Unit(lab)
    const folders = ['program', 'config', 'state', 'run'].map((name) => join(unit.#directory, name))
    for (const folder of folders) await mkdir(folder, { recursive: true })
    await installedBundle(join(unit.#directory, 'program'))
    await writeFile(join(unit.#directory, 'config', 'igd-pcp.toml'), configOf(lab))
    const shipped = await readFile(UNIT, 'utf8')
    const lines = capabilities === 'none' ? shipped.replaceAll('=CAP_NET_ADMIN', '=') : shipped
    await writeFile(join(unit.#directory, 'service'), lines)
    return unit
  }

  get controlPath(): string {
    return join(this.#directory, 'run', 'control.sock')
  }

  #command(words: readonly string[]): readonly string[] {
    return [
      'unshare',
      '--mount',
      '--uts',
      ...python('unit.py', join(this.#directory, 'service'), this.#directory, ...words),
    ]
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, UNIT_NODE: process.execPath }
  }

  /** What another program prints in the place of the service, and how it ends. */
  run(...command: readonly string[]) {
    return this.#lab.hosts.cpe.run(this.#command(command), { env: this.#environment })
  }

  /** Started when a LAN host gets its description. */
  async start(): Promise<Program> {
    const { cpe, lan1 } = this.#lab.hosts
    const program = cpe.start(this.#command([]), this.#environment)
    await until(
      () => `a description\n${program.tail()}`,
      15_000,
      async () => {
        if (!program.running) throw new Error(`the service ended\n${program.tail()}`)
        const location = await find(lan1, IGD1)
        return location === undefined ? undefined : await get(lan1, location)
      },
    )
    return program
  }
}
