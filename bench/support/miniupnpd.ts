import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Device } from '../sections/soap.ts'
import type { Place } from './place.ts'
import { Program } from './program.ts'

const PORT = 5001

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
  readonly #program: Program

  constructor(place: Place) {
    this.#place = place
    this.#nft(CHAINS)
    const file = join(this.#directory, 'miniupnpd.conf')
    writeFileSync(file, settings(this.#directory))
    this.#program = new Program(
      place.on('cpe', ['miniupnpd', '-d', '-f', file, '-P', join(this.#directory, 'pid')]),
    )
  }

  get program(): Program {
    return this.#program
  }

  get device(): Device {
    return {
      place: this.#place,
      target: { address: this.#place.router, port: PORT, path: '/ctl/IPConn' },
      type: 'urn:schemas-upnp-org:service:WANIPConnection:1',
    }
  }

  async start(): Promise<void> {
    await this.#program.said('HTTP listening on port')
  }

  async stop(): Promise<void> {
    await this.#program.stop('SIGKILL')
    this.#nft('delete table inet peer\n')
    rmSync(this.#directory, { recursive: true })
  }

  #nft(input: string): void {
    const [file = '', ...args] = this.#place.on('cpe', ['nft', '-f', '-'])
    execFileSync(file, args, { input })
  }
}
