import { readFileSync } from 'node:fs'
import { type Ipv4Address, parseIpv4 } from '../lib/ip.ts'
import { type MacAddress, parseMac } from '../lib/mac.ts'

// The kernel's ARP table, /proc/net/arp: who has which IPv4 address on the links of the router.

const ARP = '/proc/net/arp'

/** ATF_COM of linux/if_arp.h: the address has been answered for. */
const COMPLETE = 0x2

interface Neighbour {
  readonly address: Ipv4Address
  readonly mac: MacAddress
}

/** The whole table as text. Throws where the system has none. */
export const readNeighbourTable = (): string => readFileSync(ARP, 'latin1')

/** The neighbours on `devices` whose MAC address is known. */
export function neighbours(
  table: string,
  devices: ReadonlySet<string>,
): ReadonlyMap<Ipv4Address, MacAddress> {
  const known = table.split('\n').flatMap((line) => neighbour(line, devices) ?? [])
  return new Map(known.map(({ address, mac }) => [address, mac]))
}

/** The one with this address, without reading the others. */
export function macOfNeighbour(
  table: string,
  devices: ReadonlySet<string>,
  address: Ipv4Address,
): MacAddress | undefined {
  for (const start of linesOf(table, address)) {
    const [line = ''] = table.slice(start, start + LONGEST_LINE).split('\n')
    const found = neighbour(line, devices)
    if (found) return found.mac
  }
  return undefined
}

/** The kernel pads its columns to some 80 characters. */
const LONGEST_LINE = 256

/** Where the lines about `address` start: one for each device. */
function* linesOf(table: string, address: Ipv4Address): Iterable<number> {
  const head = `\n${address} `
  for (let at = table.indexOf(head); at >= 0; at = table.indexOf(head, at + 1)) yield at + 1
}

function neighbour(line: string, devices: ReadonlySet<string>): Neighbour | undefined {
  const [ip = '', , flags = '', hardware = '', , device = ''] = line.trim().split(/\s+/)
  const address = parseIpv4(ip)
  const mac = parseMac(hardware)
  const isKnown = (parseInt(flags, 16) & COMPLETE) !== 0 && devices.has(device)
  return address && mac && isKnown ? { address, mac } : undefined
}
