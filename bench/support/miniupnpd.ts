import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Device } from '../sections/soap.ts'
import type { Place } from './place.ts'
import { type Memory, memoryOf, pause } from './program.ts'

const PORT = 5001
/** Tries, so many milliseconds apart, until it listens. */
const TRIES = 100
const TRY = 50

/** nft 1.0.6 wants each chain in lines of its own. */
const CHAINS = `
table inet peer {
	chain forward {
	}
	chain inward {
	}
	chain outward {
	}
}
`

const settings = (directory: string): string => `
ext_ifname=wan
ext_ip=203.0.114.5
listening_ip=lan
port=${PORT}
enable_upnp=yes
enable_natpmp=no
secure_mode=yes
lease_file=${join(directory, 'leases')}
upnp_table_name=peer
upnp_nat_table_name=peer
upnp_forward_chain=forward
upnp_nat_chain=inward
upnp_nat_postrouting_chain=outward
allow 1024-65535 0.0.0.0/0 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
`

/** The usual daemon of routers, as a plain Internet Gateway Device on the same router: what others are used to. */
export class Miniupnpd {
  readonly #place: Place
  readonly #directory = mkdtempSync(join(tmpdir(), 'igd-pcp-bench-peer-'))

  constructor(place: Place) {
    this.#place = place
    this.#nft(CHAINS)
  }

  get device(): Device {
    return {
      place: this.#place,
      target: { address: this.#place.router, port: PORT, path: '/ctl/IPConn' },
      type: 'urn:schemas-upnp-org:service:WANIPConnection:1',
      noLists: true,
    }
  }

  /** In the background, as routers have it: with -d, which keeps it here, it spends its time on its log. */
  async start(): Promise<void> {
    const file = join(this.#directory, 'miniupnpd.conf')
    writeFileSync(file, settings(this.#directory))
    const [program = '', ...args] = this.#place.on('cpe', ['miniupnpd', '-f', file, '-P', this.#pidFile])
    execFileSync(program, args)
    for (let tries = 0; !(await this.#listens()); tries++) {
      if (tries === TRIES) throw new Error('miniupnpd does not listen')
      await pause(TRY)
    }
  }

  memory(): Memory {
    return memoryOf(this.#pid)
  }

  stop(): void {
    process.kill(this.#pid, 'SIGKILL')
    this.#nft('delete table inet peer\n')
    rmSync(this.#directory, { recursive: true })
  }

  get #pidFile(): string {
    return join(this.#directory, 'pid')
  }

  get #pid(): number {
    return Number(readFileSync(this.#pidFile, 'utf8'))
  }

  #listens(): Promise<boolean> {
    const { address, port } = this.device.target
    const socket = connect(port, address)
    return new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    }).finally(() => socket.destroy())
  }

  #nft(input: string): void {
    const [file = '', ...args] = this.#place.on('cpe', ['nft', '-f', '-'])
    execFileSync(file, args, { input })
  }
}
