import { bracketed, type IpAddress, parseIp } from '../lib/ip.ts'
import { isPort, type Port } from '../lib/units.ts'
import type { Endpoint } from './socket.ts'

/** How a server is called in the log, and in what is kept of it: `ADDR:PORT`, an IPv6 address in brackets. */
export const nameOf = ({ address, port }: Endpoint): string => `${bracketed(address)}:${port}`

/** The reverse of `nameOf`; undefined for what is no such name. */
export function serverNamed(name: string): { readonly address: IpAddress; readonly port: Port } | undefined {
  const [, inBrackets, plain, digits] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(name) ?? []
  const address = parseIp(inBrackets ?? plain ?? '')
  const port = Number(digits)
  return address && isPort(port) ? { address, port } : undefined
}
