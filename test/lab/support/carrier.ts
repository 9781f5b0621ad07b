import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Namespace } from './namespace.ts'
import { until } from './program.ts'
import { ADDRESS } from './topology.ts'
import type { Transport } from './traffic.ts'

/** One line of miniupnpd's lease file. */
export interface CarrierLease {
  readonly protocol: string
  readonly externalPort: number
  readonly internalAddress: string
  readonly internalPort: number
  /** Unix time in seconds. */
  readonly expiry: number
}

export interface CarrierOptions {
  /** Takes mappings for other hosts than the one that asks (RFC 6887 §13.1). */
  readonly thirdParty: boolean
  /** Seconds; what asks for longer gets this. */
  readonly maxLifetime: number
  /** Ends running flows when their mapping ends. miniupnpd itself does not; off where the CPE has to do it. */
  readonly endsFlows: boolean
}

/**
 * miniupnpd writes into the `mapped_` chains. It knows only the way in; a mapping works both ways (RFC 6887 §11.1),
 * so `outward` holds the other half. nft 1.0.6 wants every chain in lines of its own.
 */
const RULES = `
table inet cgn
delete table inet cgn
table inet cgn {
	counter pcp_requests {
	}
	map outward {
		type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service
	}
	chain mapped_in {
	}
	chain mapped_out {
	}
	chain mapped_forward {
	}
	chain input {
		type filter hook input priority filter; policy accept;
		ip saddr ${ADDRESS.cpeWan} udp dport 5351 counter name pcp_requests
	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		jump mapped_in
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "access" accept
		jump mapped_forward
	}
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "out" snat ip to meta l4proto . ip saddr . th sport map @outward
		oifname "out" masquerade
	}
}
`

const settings = (options: CarrierOptions, leaseFile: string): string => `
ext_ifname=out
ext_ip=${ADDRESS.external}
listening_ip=access
enable_upnp=no
enable_natpmp=yes
pcp_allow_thirdparty=${options.thirdParty ? 'yes' : 'no'}
min_lifetime=10
max_lifetime=${options.maxLifetime}
lease_file=${leaseFile}
upnp_table_name=cgn
upnp_nat_table_name=cgn
upnp_forward_chain=mapped_forward
upnp_nat_chain=mapped_in
upnp_nat_postrouting_chain=mapped_out
allow 1024-65535 0.0.0.0/0 0-65535
deny 0-65535 0.0.0.0/0 0-65535
`

function parseLease(line: string): CarrierLease {
  const [protocol = '', externalPort, internalAddress = '', internalPort, expiry] = line.split(':')
  return {
    protocol,
    externalPort: Number(externalPort),
    internalAddress,
    internalPort: Number(internalPort),
    expiry: Number(expiry),
  }
}

/** miniupnpd may have two mappings of one internal port for a while (RFC 6887 §11.3 has one): the later one counts. */
function outwardElements(leases: readonly CarrierLease[]): readonly string[] {
  const outside = new Map(
    leases.map((lease) => [
      `${lease.protocol.toLowerCase()} . ${lease.internalAddress} . ${lease.internalPort}`,
      `${ADDRESS.external} . ${lease.externalPort}`,
    ]),
  )
  return [...outside].map(([inside, to]) => `add element inet cgn outward { ${inside} : ${to} }`)
}

/** The carrier: its NAT, and Debian's miniupnpd as its PCP server. */
export class Carrier {
  readonly #host: Namespace
  readonly #options: CarrierOptions
  readonly #directory: string
  /** Where miniupnpd keeps its table. */
  readonly leaseFile: string
  #pid = 0
  #completed: readonly CarrierLease[] = []

  /** `directory` is the carrier's own, to keep its files in. */
  constructor(host: Namespace, options: CarrierOptions, directory: string) {
    this.#host = host
    this.#options = options
    this.#directory = directory
    this.leaseFile = join(directory, 'leases')
  }

  /** Starts it, at first or again. Again it knows what its lease file holds, and its epoch is new. */
  async start(): Promise<void> {
    const file = join(this.#directory, 'miniupnpd.conf')
    await writeFile(file, settings(this.#options, this.leaseFile))
    await this.#host.nft(RULES)
    const pidFile = join(this.#directory, 'miniupnpd.pid')
    await rm(pidFile, { force: true }) // it would take a killed predecessor for a running one
    await this.#host.must(['miniupnpd', '-f', file, '-P', pidFile])
    await until('the carrier listens', 5_000, async () => {
      const sockets = await this.#host.must(['ss', '-Hlun', 'sport = :5351'])
      return sockets.includes(':5351') || undefined
    })
    this.#pid = Number(await readFile(pidFile, 'utf8'))
  }

  /** The server is gone: what is sent to it comes back as ICMP errors. */
  stop(): void {
    process.kill(this.#pid, 'SIGKILL')
  }

  /** The server says nothing; what is sent to it waits. */
  pause(): void {
    process.kill(this.#pid, 'SIGSTOP')
  }

  /** It reads what waited. */
  resume(): void {
    process.kill(this.#pid, 'SIGCONT')
  }

  /** What miniupnpd says it has mapped. */
  async leases(): Promise<readonly CarrierLease[]> {
    if (!existsSync(this.leaseFile)) return [] // it keeps none when it has nothing mapped
    const text = await readFile(this.leaseFile, 'utf8')
    return text.split('\n').filter(Boolean).map(parseLease)
  }

  /** The leases, once the other half of each is in the kernel and that of the ended ones is not. */
  async complete(): Promise<readonly CarrierLease[]> {
    const leases = await this.leases()
    await this.#host.nft(['flush map inet cgn outward', ...outwardElements(leases)].join('\n'))
    if (this.#options.endsFlows) await this.#endFlows(leases)
    this.#completed = leases
    return leases
  }

  async #endFlows(leases: readonly CarrierLease[]): Promise<void> {
    const key = (lease: CarrierLease) => `${lease.protocol} ${lease.externalPort}`
    const alive = new Set(leases.map(key))
    for (const lease of this.#completed.filter((old) => !alive.has(key(old)))) {
      const flows = ['-p', lease.protocol.toLowerCase(), '--orig-port-dst', String(lease.externalPort)]
      await this.#host.run(['conntrack', '-D', ...flows]) // exit 1 where there was none
    }
  }

  /** How many packets the CPE has sent to the PCP server. */
  async pcpRequests(): Promise<number> {
    const text = await this.#host.must(['nft', 'list', 'counter', 'inet', 'cgn', 'pcp_requests'])
    return Number(/packets (\d+)/.exec(text)?.[1])
  }
}

/** Another subscriber takes an external port, for its own port 6000. */
export async function takePort(neighbour: Namespace, transport: Transport, port: number): Promise<void> {
  const mapping = [String(port), '6000', transport.toLowerCase(), '300']
  await neighbour.must(['natpmpc', '-g', ADDRESS.carrier, '-a', ...mapping])
}
