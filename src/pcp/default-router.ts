import { readFile } from 'node:fs/promises'
import { type Ipv4Address, parseIpv4 } from '../lib/ip.ts'
import { port } from '../lib/units.ts'
import { type ServerLinksOptions, serverLinks } from './server-links.ts'
import type { OpenLink } from './upstream.ts'
import { SERVER_PORT } from './wire/constants.ts'

// RFC 6887 §8.1: with no server configured, the default router is asked.

const ROUTES = '/proc/net/route'
/** RTF_UP and RTF_GATEWAY of linux/route.h. */
const USABLE = 0x3

/** The router of the default route with the least metric on `wan`, from the kernel's table of IPv4 routes. */
export function defaultRouterOf(table: string, wan: string): Ipv4Address | undefined {
  const routes = table.split('\n').flatMap((line) => {
    const [name, destination, gateway = '', flags = '', , , metric, mask] = line.trim().split(/\s+/)
    const isDefault = name === wan && destination === '00000000' && mask === '00000000'
    const address = isDefault && (parseInt(flags, 16) & USABLE) === USABLE ? littleEndian(gateway) : undefined
    return address === undefined ? [] : [{ address, metric: Number(metric) }]
  })
  return routes.sort((a, b) => a.metric - b.metric)[0]?.address
}

/** The table writes an address as the machine's number for it, which is the wrong way round on all that we run on. */
function littleEndian(hex: string): Ipv4Address | undefined {
  const octets = /^[0-9A-F]{8}$/i.test(hex) ? (hex.match(/../g) ?? []) : []
  return parseIpv4(
    octets
      .reverse()
      .map((octet) => parseInt(octet, 16))
      .join('.'),
  )
}

/** A way to whichever default router there is when it is opened. */
export function defaultRouterLink(wan: string, options: ServerLinksOptions): OpenLink {
  return async (events) => {
    const address = defaultRouterOf(await readFile(ROUTES, 'latin1'), wan)
    const [open] = address ? serverLinks([{ address, port: port(SERVER_PORT) }], options) : []
    if (!open)
      options.log.warn({ wan }, 'no PCP server: there is no default router; give one with --pcp-server')
    return await open?.(events)
  }
}
