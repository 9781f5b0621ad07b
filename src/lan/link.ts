import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { InterfaceName } from './interface-name.ts'

// What the kernel tells of an interface under /sys/class/net.

const SYS_CLASS_NET = '/sys/class/net'

/** More than any counter or state has. */
const LONGEST_VALUE = 32

/** Since the interface was made; beyond 2^32 as it comes. */
export interface LinkCounters {
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly packetsSent: number
  readonly packetsReceived: number
}

/** The counters of an interface; all 0 while it does not exist. */
export function linkCounters(name: InterfaceName, root = SYS_CLASS_NET): LinkCounters {
  const counter = (file: string) => number(attribute(root, name, join('statistics', file))) ?? 0
  return {
    bytesSent: counter('tx_bytes'),
    bytesReceived: counter('rx_bytes'),
    packetsSent: counter('tx_packets'),
    packetsReceived: counter('rx_packets'),
  }
}

/** RFC 2863 ifOperStatus. Tunnels and PPP never say more than `unknown`, and exist only while they are up. */
export function linkUp(name: InterfaceName, root = SYS_CLASS_NET): boolean {
  const state = attribute(root, name, 'operstate')
  return state === 'up' || state === 'unknown'
}

/** Bits per second; undefined where the interface has no speed of its own, or no carrier. */
export function linkSpeed(name: InterfaceName, root = SYS_CLASS_NET): number | undefined {
  const megabits = number(attribute(root, name, 'speed'))
  return megabits === undefined ? undefined : megabits * 1e6
}

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined

/** Undefined where there is no such file, or none that can be read: the kernel refuses what an interface lacks. */
function attribute(root: string, name: InterfaceName, file: string): string | undefined {
  let descriptor: number | undefined
  try {
    descriptor = openSync(join(root, name, file), 'r')
    const buffer = Buffer.alloc(LONGEST_VALUE)
    const length = readSync(descriptor, buffer)
    return length < LONGEST_VALUE ? buffer.toString('latin1', 0, length).trim() : undefined
  } catch {
    return undefined
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
