import { codeOf } from '../lib/error-code.ts'
import { bracketed, type IpAddress } from '../lib/ip.ts'
import { portHolder } from '../lib/port-holder.ts'

/** Where the metrics are offered. */
export type Place =
  | { readonly kind: 'address'; readonly address: IpAddress; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string }

export const nameOfPlace = (place: Place): string =>
  place.kind === 'socket' ? place.path : `${bracketed(place.address)}:${place.port}`

/** Has no interface the address? It may come. */
export const isAbsent = (error: unknown): boolean => codeOf(error) === 'EADDRNOTAVAIL'

function holderOf(place: Place): string {
  // A Unix socket is told to be in use before it comes to this.
  if (place.kind === 'socket') return 'another program'
  const { cure, who } = portHolder({ transport: 'tcp', ...place })
  return `${who}; ${cure}`
}

/** Why nobody can listen at `place`, and what to do. */
export function describePlaceError(error: unknown, place: Place): string {
  const name = nameOfPlace(place)
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `metrics.listen: ${name} is in use by ${holderOf(place)}, or choose another port`
    case 'EACCES':
      return `metrics.listen: no permission for ${name}; choose a port from 1024 on, or another path`
    default:
      return `metrics.listen: ${error instanceof Error ? error.message : String(error)}`
  }
}
