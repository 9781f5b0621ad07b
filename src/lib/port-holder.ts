import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ANY_IPV4, ANY_IPV6 } from './ip.ts'
import { readSocketTable, TCP_STATE } from './socket-table.ts'

// Who has a port that we wanted, and what ends it: what `ss -p` and `systemctl status` tell.

export interface WantedPort {
  readonly transport: 'tcp' | 'udp'
  /** Canonical text; `0.0.0.0` or `::` for every address. */
  readonly address: string
  readonly port: number
}

/** In words that stand in a sentence. */
export interface PortHolder {
  /** `miniupnpd (process 812)`, or `another program` where it is not ours to see. */
  readonly who: string
  /** `stop it: COMMAND`, or the command that tells who it is. */
  readonly cure: string
}

const PROC = '/proc'

const EVERY: readonly string[] = [ANY_IPV4, ANY_IPV6]

/** Whoever looks for it at the wrong place is not to end it. */
const OWN = 'igd-pcp'

export function portHolder(wanted: WantedPort, root = PROC): PortHolder {
  const sockets = inodesAt(wanted, root)
  const pid = idsIn(root).find((id) => filesOf(join(root, id)).some((file) => sockets.has(file)))
  if (pid === undefined) {
    const kind = wanted.transport === 'tcp' ? '-ltnp' : '-lunp'
    return {
      who: 'another program',
      cure: `"ss ${kind} sport = :${wanted.port}" as root says which; stop it`,
    }
  }
  const unit = unitOf(textIn(join(root, pid, 'cgroup')))
  const stop = unit === undefined ? `kill ${pid}` : `systemctl disable --now ${unit}`
  const cure = unit === OWN ? 'it runs already, and answers at another control.path' : `stop it: ${stop}`
  const name = unit === OWN ? OWN : nameIn(textIn(join(root, pid, 'comm')))
  return { who: `${name} (process ${pid})`, cure }
}

/** `socket:[INODE]` of those in the way: at the same address, or one of the two at every address. */
function inodesAt({ address, port, transport }: WantedPort, root: string): ReadonlySet<string> {
  const tables = [transport, `${transport}6`].map((name) => textIn(join(root, 'net', name)))
  const isInTheWay = (other: string) => other === address || EVERY.includes(other) || EVERY.includes(address)
  const found = tables.flatMap(readSocketTable).filter((socket) => {
    const waits = transport === 'udp' || socket.state === TCP_STATE.listen
    return waits && socket.port === port && isInTheWay(socket.address)
  })
  return new Set(found.map(({ inode }) => `socket:[${inode}]`))
}

const idsIn = (root: string): readonly string[] => listing(root).filter((name) => /^\d+$/.test(name))

const filesOf = (process: string): readonly string[] =>
  listing(join(process, 'fd')).map((file) => target(join(process, 'fd', file)))

/** The service of the system that a process belongs to, as its control group has it. */
const unitOf = (cgroups: string): string | undefined =>
  /:\/system\.slice\/(?:[^\n]*\/)?([\w@.:-]+)\.service$/m.exec(cgroups)?.[1]

/** A program may call itself anything. */
const nameIn = (comm: string): string => comm.trim().replace(/[^\x20-\x7e]/g, '?')

// What is gone meanwhile, or another user's, is as if it were not there.

function listing(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

function textIn(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
