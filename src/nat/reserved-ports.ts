import { readFile, writeFile } from 'node:fs/promises'
import type { Log } from '../lib/log.ts'
import type { PortBlock } from './ruleset.ts'

// The router's own programs must not draw their source ports from the block: the carrier would take what they send
// for a mapping's. The kernel has a list of ports that it does not hand out by itself.

/** net.ipv4.ip_local_reserved_ports, as ranges with commas between. */
export interface ReservedPorts {
  read(): Promise<string>
  write(list: string): Promise<void>
}

const FILE = '/proc/sys/net/ipv4/ip_local_reserved_ports'

export const kernelReservedPorts: ReservedPorts = {
  read: () => readFile(FILE, 'latin1'),
  write: (list) => writeFile(FILE, `${list}\n`),
}

const ranges = (list: string): string[] => list.trim().split(',').filter(Boolean)

function contains(range: string, { first, last }: PortBlock): boolean {
  const [low = NaN, high = low] = range.split('-').map(Number)
  return low <= first && high >= last
}

/** Adds the block to what others have reserved. Where that may not be written (containers), it says so. */
export async function reserve(ports: ReservedPorts, block: PortBlock, log: Log): Promise<void> {
  const own = `${block.first}-${block.last}`
  try {
    const listed = ranges(await ports.read())
    if (!listed.some((range) => contains(range, block))) await ports.write([...listed, own].join(','))
  } catch (error) {
    log.warn(
      { error: String(error) },
      `ports ${own} cannot be reserved: set net.ipv4.ip_local_reserved_ports = ${own} on the host`,
    )
  }
}

/** Takes the block out of the list, if it stands there by itself. */
export async function unreserve(ports: ReservedPorts, block: PortBlock, log: Log): Promise<void> {
  const own = `${block.first}-${block.last}`
  try {
    const listed = ranges(await ports.read())
    if (listed.includes(own)) await ports.write(listed.filter((range) => range !== own).join(','))
  } catch (error) {
    log.warn({ error: String(error) }, `ports ${own} stay reserved`)
  }
}
