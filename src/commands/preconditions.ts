import { existsSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { portHolder } from '../lib/port-holder.ts'

/** One line about an interface that is not there; undefined where all are. */
export const missingInterface = ({ lan, wan }: Config): string | undefined =>
  missingAmong([...lan.interfaces, wan.interface])

export function missingAmong(names: readonly string[]): string | undefined {
  const missing = names.find((name) => !existsSync(`/sys/class/net/${name}`))
  return missing === undefined ? undefined : `there is no interface ${missing}; see "ip link" for their names`
}

interface SystemError extends Error {
  readonly code?: unknown
  readonly port?: number
  readonly address?: string
  readonly path?: string
  readonly syscall?: unknown
}

/** What the system refused: a file, or where to listen; a Unix socket has its path as the address, and -1 as the port. */
function placeOf({ address, path, port }: SystemError): string | undefined {
  if (path !== undefined || address === undefined) return path
  return port === -1 ? address : `${address}:${String(port)}`
}

function inUse(error: SystemError): string {
  const { address, port } = error
  const { cure, who } = portHolder({ transport: 'tcp', address: String(address), port: Number(port) })
  return `${placeOf(error) ?? ''} is in use by ${who}; ${cure}, or choose another port with --http-port`
}

/** What stands where a directory is to be. */
const NO_DIRECTORY: ReadonlySet<unknown> = new Set(['EEXIST', 'ENOTDIR', 'ENOENT'])

/** The system's errors, in the words of what was attempted, and what to do. */
export function describeSystemError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const error: SystemError = thrown
  const place = placeOf(error)
  if (error.syscall === 'mkdir' && NO_DIRECTORY.has(error.code))
    return `${place ?? ''} cannot be made (${String(error.code)}): a file is in its way, or a link that leads nowhere; move that away or choose another directory`
  switch (error.code) {
    case 'EADDRINUSE':
      return inUse(error)
    case 'EACCES':
      return place === undefined ? error.message : `no permission for ${place}; run as root`
    case 'EROFS':
      return `${place ?? 'the disk'} cannot be written; choose another --state-dir`
    case 'ENETUNREACH':
      return 'there is no route to the PCP server; is the WAN up, and the address right?'
    default:
      return error.message
  }
}
