import { readFile } from 'node:fs/promises'
import type { Protocol } from '../core/types.ts'
import { isPort, type Port } from '../lib/units.ts'

/** A port at which a program of the router listens. */
export interface LocalPort {
  readonly protocol: Protocol
  readonly port: Port
}

/** The kernel's tables of sockets, and the state in which a socket of each waits for anybody. */
const TABLES = [
  { file: '/proc/net/tcp', protocol: 'TCP', state: '0A' },
  { file: '/proc/net/tcp6', protocol: 'TCP', state: '0A' },
  { file: '/proc/net/udp', protocol: 'UDP', state: '07' },
  { file: '/proc/net/udp6', protocol: 'UDP', state: '07' },
] as const

/** Ports that no mapping may take: our destination NAT would cut off the program (a WireGuard server at 51820). */
export async function localPorts(): Promise<LocalPort[]> {
  const tables = TABLES.map(async ({ file, protocol, state }) => {
    // A kernel without IPv6 has no tables of it.
    const text = await readFile(file, 'latin1').catch(() => '')
    return listening(text, state).map((port) => ({ protocol, port }))
  })
  return (await Promise.all(tables)).flat()
}

/** The ports of the sockets in `state` in a table of /proc/net. */
export function listening(table: string, state: string): Port[] {
  return table.split('\n').flatMap((line) => {
    const [, address, , socketState] = line.trim().split(/\s+/)
    const port = parseInt(address?.split(':')[1] ?? '', 16)
    return socketState === state && isPort(port) ? [port] : []
  })
}
