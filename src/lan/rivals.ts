import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Daemons that are an Internet Gateway Device, by the name of their process. */
const GATEWAYS = ['miniupnpd', 'upnpd']

const PROC = '/proc'

/** The name of another Internet Gateway Device among the programs that share our network, undefined for none. */
export function rivalGateway(root = PROC): string | undefined {
  const own = networkOf(join(root, 'self'))
  for (const pid of readdirSync(root)) {
    if (!/^\d+$/.test(pid)) continue
    const name = nameOf(join(root, pid))
    if (name !== undefined && GATEWAYS.includes(name) && networkOf(join(root, pid)) === own) return name
  }
  return undefined
}

/** Undefined for a program that ended meanwhile. */
function nameOf(process: string): string | undefined {
  try {
    return readFileSync(join(process, 'comm'), 'latin1').trim()
  } catch {
    return undefined
  }
}

/** The network namespace; undefined where it is not ours to see. */
function networkOf(process: string): string | undefined {
  try {
    return readlinkSync(join(process, 'ns/net'))
  } catch {
    return undefined
  }
}
