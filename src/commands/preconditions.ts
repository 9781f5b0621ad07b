import { existsSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { portHolder } from '../lib/port-holder.ts'

/** One line about an interface that is not there; undefined where all are. */
export function missingInterface({ lan, wan }: Config): string | undefined {
  const missing = [...lan.interfaces, wan.interface].find((name) => !existsSync(`/sys/class/net/${name}`))
  return missing === undefined ? undefined : `there is no interface ${missing}; see "ip link" for their names`
}

interface SystemError extends Error {
  readonly code?: unknown
  readonly port?: unknown
  readonly address?: unknown
  readonly path?: string
}

function inUse({ address, port }: SystemError): string {
  const place = `${String(address)}:${String(port)}`
  const { cure, who } = portHolder({ transport: 'tcp', address: String(address), port: Number(port) })
  return `${place} is in use by ${who}; ${cure}, or choose another port with --http-port`
}

/** The system's errors, in the words of what was attempted, and what to do. */
export function describeSystemError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const error: SystemError = thrown
  switch (error.code) {
    case 'EADDRINUSE':
      return inUse(error)
    case 'EACCES':
      return error.path === undefined ? error.message : `no permission for ${error.path}; run as root`
    case 'EROFS':
      return `${error.path ?? 'the disk'} cannot be written; choose another --state-dir`
    case 'ENETUNREACH':
      return 'there is no route to the PCP server; is the WAN up, and the address right?'
    default:
      return error.message
  }
}
