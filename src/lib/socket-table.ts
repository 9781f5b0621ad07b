import { endianness } from 'node:os'
import { fromBytes, type IpAddress } from './ip.ts'
import { isPort, type Port } from './units.ts'

/** A row of /proc/net/tcp, tcp6, udp or udp6. */
export interface KernelSocket {
  readonly address: IpAddress
  readonly port: Port
  /** Two hexadecimal digits, see TCP_STATE. */
  readonly state: string
  /** What the links in /proc/PID/fd of its owner call it. */
  readonly inode: string
}

/** The states of the kernel (net/tcp_states.h) in which a socket waits for anybody. */
export const TCP_STATE = { listen: '0A', unconnected: '07' } as const

/** The sockets that have a port. What makes no sense is left out. */
export function readSocketTable(table: string): readonly KernelSocket[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
    const [, hex = '', portHex = ''] = /^((?:[0-9A-F]{8}|[0-9A-F]{32})):([0-9A-F]{4})$/.exec(local) ?? []
    const port = parseInt(portHex, 16)
    return isPort(port) ? [{ address: addressOf(hex), port, state, inode }] : []
  })
}

/** Words of 32 bits, each printed as a number of this machine. */
function addressOf(hex: string): IpAddress {
  const words = hex.match(/.{8}/g) ?? []
  const octets = Buffer.concat(words.map((word) => wordOf(Buffer.from(word, 'hex'))))
  return fromBytes(octets.length === 4 ? Buffer.concat([MAPPED, octets]) : octets)
}

const wordOf = (printed: Buffer): Buffer => (endianness() === 'LE' ? printed.reverse() : printed)

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex')
