import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Namespace } from './namespace.ts'
import type { Program } from './program.ts'

const SCRIPT = fileURLToPath(new URL('udhcpc.sh', import.meta.url))
const HOOKS = fileURLToPath(new URL('../../../deploy/dhcp', import.meta.url))

export interface DhcpPool {
  /** Interface of the server. */
  readonly device: string
  readonly router: string
  readonly first: string
  readonly last: string
  /** What else it tells, as dnsmasq spells options. */
  readonly options?: readonly string[]
}

/** dnsmasq as the DHCP server of one interface, with its leases in `directory`. */
export async function dhcpServer(host: Namespace, pool: DhcpPool, directory: string): Promise<Program> {
  const server = host.start([
    'dnsmasq',
    '--keep-in-foreground',
    '--log-facility=-',
    '--conf-file=/dev/null',
    `--pid-file=${join(directory, `dnsmasq-${pool.device}.pid`)}`,
    '--user=root',
    '--port=0',
    '--no-ping',
    '--bind-interfaces',
    `--interface=${pool.device}`,
    '--except-interface=lo',
    '--dhcp-authoritative',
    `--dhcp-range=${pool.first},${pool.last},255.255.255.0,1h`,
    ...[`option:router,${pool.router}`, ...(pool.options ?? [])].map((option) => `--dhcp-option=${option}`),
    `--dhcp-leasefile=${leaseFile(directory, pool.device)}`,
  ])
  await server.line(/DHCP, IP range/)
  return server
}

/** Where the hooks write what they heard of PCP servers, and the daemon looks for it. */
export const hookDirectory = (directory: string): string => join(directory, 'dhcp')

export const leaseFile = (directory: string, device: string): string => join(directory, `${device}.leases`)

/** udhcpc on an interface that may have had another address. */
export class DhcpClient {
  readonly program: Program
  #heard = 0

  /** With the shipped hook, which writes below `directory`. */
  constructor(host: Namespace, device: string, directory: string) {
    const command = [
      'udhcpc',
      '-f',
      '-t',
      '10',
      '-T',
      '1',
      '-A',
      '1',
      '-O',
      '158',
      '-i',
      device,
      '-s',
      SCRIPT,
    ]
    this.program = host.start(command, {
      ...process.env,
      PATH: `${HOOKS}:${process.env['PATH'] ?? ''}`,
      IGD_PCP_HOOK: join(HOOKS, 'udhcpc'),
      IGD_PCP_PCP_DHCP_DIR: hookDirectory(directory),
    })
  }

  /** The next address it gets. */
  async address(): Promise<string> {
    const next = () => this.program.lines.slice(this.#heard).find((line) => line.startsWith('address '))
    await this.program.line(/^address /)
    for (let tries = 0; tries < 400 && next() === undefined; tries++)
      await new Promise((resolve) => setTimeout(resolve, 50))
    const line = next()
    if (line === undefined) throw new Error(`no address:\n${this.program.tail()}`)
    this.#heard = this.program.lines.indexOf(line, this.#heard) + 1
    return line.slice('address '.length)
  }

  /** Asks the server whether it may keep the address. */
  renew(): void {
    this.program.signal('SIGUSR1')
  }

  /** Gives the address back. */
  release(): void {
    this.program.signal('SIGUSR2')
  }
}
