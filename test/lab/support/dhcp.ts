import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Namespace } from './namespace.ts'
import type { Program } from './program.ts'

const SCRIPT = fileURLToPath(new URL('udhcpc.sh', import.meta.url))

export interface DhcpPool {
  /** Interface of the server. */
  readonly device: string
  readonly router: string
  readonly first: string
  readonly last: string
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
    `--dhcp-option=option:router,${pool.router}`,
    `--dhcp-leasefile=${leaseFile(directory, pool.device)}`,
  ])
  await server.line(/DHCP, IP range/)
  return server
}

export const leaseFile = (directory: string, device: string): string => join(directory, `${device}.leases`)

/** udhcpc on an interface that may have had another address. */
export class DhcpClient {
  readonly program: Program
  #heard = 0

  constructor(host: Namespace, device: string) {
    this.program = host.start(['udhcpc', '-f', '-t', '10', '-T', '1', '-A', '1', '-i', device, '-s', SCRIPT])
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
