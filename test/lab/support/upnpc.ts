import type { Namespace } from './namespace.ts'
import type { Transport } from './traffic.ts'

/** miniupnpc's command line client. Takes any command line; gives what was printed, also when it failed. */
export type Upnpc = (...args: readonly (string | number)[]) => Promise<string>

/** The client that searches by itself, two seconds each time; or goes to `location` at once. */
export function upnpc(host: Namespace, location?: string): Upnpc {
  const to = location === undefined ? [] : ['-u', location]
  return async (...args) => {
    const command = ['upnpc', ...to, ...args.map(String)]
    const { stdout, stderr } = await host.run(command, { timeout: 40_000 })
    return stdout + stderr
  }
}

export interface Redirection {
  readonly transport: Transport
  readonly externalPort: number
  readonly address: string
  readonly port: number
  readonly lease: number
}

const ROW = /^ *\d+ (TCP|UDP) +(\d+)->([\d.]+):(\d+) +'.*' '.*' (\d+)$/gm

/** The rows of `upnpc -l` and `-L`. */
export function redirections(printed: string): readonly Redirection[] {
  return [...printed.matchAll(ROW)].map(([, transport, externalPort, address = '', port, lease]) => ({
    transport: transport === 'TCP' ? 'TCP' : 'UDP',
    externalPort: Number(externalPort),
    address,
    port: Number(port),
    lease: Number(lease),
  }))
}

/** The external port that `upnpc -a`, `-n` or `-r` says it got; undefined where it got none. */
export function grantedPort(printed: string): number | undefined {
  const port = /^external [\d.]+:(\d+) (?:TCP|UDP) is redirected/m.exec(printed)?.[1]
  return port === undefined ? undefined : Number(port)
}
