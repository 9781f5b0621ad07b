import { networkInterfaces } from 'node:os'

// Where the daemon, the carrier and the control points of a benchmark run: in network namespaces that bench/run made,
// or, without root, side by side on loopback, where there is no kernel NAT to measure.

type Host = 'lan' | 'cpe' | 'carrier'

export interface Place {
  readonly name: 'namespaces' | 'loopback'
  /** `command` as it is started on `host`. */
  on(host: Host, command: readonly string[]): readonly string[]
  readonly lan: string
  readonly wan: string
  /** The router's address on the LAN, and the carrier's towards the router. */
  readonly router: string
  readonly carrier: string
  /** The addresses of LAN hosts; all of them are ours. */
  readonly hosts: readonly string[]
  /** The root of `nft`, and a carrier's public side for miniupnpd. */
  readonly hasKernel: boolean
}

/** So many that ten thousand mappings are 64 a host, which is what one may have. */
const HOSTS = 160

const range = (prefix: string): string[] => Array.from({ length: HOSTS }, (_, i) => `${prefix}.${10 + i}`)

export function findPlace(run = process.env['BENCH_RUN']): Place {
  if (run !== undefined)
    return {
      name: 'namespaces',
      on: (host, command) => ['ip', 'netns', 'exec', `bench-${run}-${host}`, ...command],
      lan: 'lan',
      wan: 'wan',
      router: '192.168.77.1',
      carrier: '100.64.7.1',
      hosts: range('192.168.77'),
      hasKernel: true,
    }
  const wan = Object.keys(networkInterfaces()).find((name) => name !== 'lo')
  if (wan === undefined) throw new Error('no interface but lo is up; run as root, in namespaces')
  return {
    name: 'loopback',
    on: (_host, command) => command,
    lan: 'lo',
    wan,
    router: '127.0.0.1',
    carrier: '127.0.0.3',
    hosts: range('127.0.0'),
    hasKernel: false,
  }
}
