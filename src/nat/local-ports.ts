import { readFile } from 'node:fs/promises'
import type { Protocol } from '../core/types.ts'
import { readSocketTable, TCP_STATE } from '../lib/socket-table.ts'
import type { Port } from '../lib/units.ts'

/** A port at which a program of the router listens. */
export interface LocalPort {
  readonly protocol: Protocol
  readonly port: Port
}

/** The kernel's tables of sockets, and the state in which a socket of each waits for anybody. */
const TABLES = [
  { file: '/proc/net/tcp', protocol: 'TCP', state: TCP_STATE.listen },
  { file: '/proc/net/tcp6', protocol: 'TCP', state: TCP_STATE.listen },
  { file: '/proc/net/udp', protocol: 'UDP', state: TCP_STATE.unconnected },
  { file: '/proc/net/udp6', protocol: 'UDP', state: TCP_STATE.unconnected },
] as const

/** Ports that no mapping may take: our destination NAT would cut off the program (a WireGuard server at 51820). */
export async function localPorts(): Promise<LocalPort[]> {
  const tables = TABLES.map(async ({ file, protocol, state }) => {
    // A kernel without IPv6 has no tables of it.
    const text = await readFile(file, 'latin1').catch(() => '')
    const waiting = readSocketTable(text).filter((socket) => socket.state === state)
    return waiting.map(({ port }) => ({ protocol, port }))
  })
  return (await Promise.all(tables)).flat()
}
