import type { Status } from '../../core/status.ts'
import type { Hop, Severity } from '../view.ts'

/** Who looks: a host, and the address of ours it came to. */
export interface Viewer {
  readonly host: string
  readonly router: string
}

const WAY: Readonly<Record<Severity, string>> = {
  ok: '',
  waiting: 'not heard from yet',
  warning: '',
  error: 'no answer',
}

/** LAN host → router → carrier → Internet, with the addresses of this moment. */
export function pathOf(status: Status, { host, router }: Viewer): readonly Hop[] {
  const { externalIpAddress, server, wan } = status
  const carrier = carrierReached(status)
  return [
    { name: 'This device', addresses: [{ what: 'LAN', address: host }], reached: 'ok', way: '' },
    {
      name: 'Router',
      addresses: [{ what: 'LAN', address: router }, ...known('WAN', wan.ipAddress)],
      reached: 'ok',
      way: '',
    },
    {
      name: 'Carrier NAT',
      addresses: known(`${server?.protocol ?? 'PCP'} server`, server?.address ?? null),
      reached: carrier,
      way: WAY[carrier],
    },
    {
      name: 'Internet',
      addresses: known('known there as', externalIpAddress),
      reached: carrier === 'ok' && externalIpAddress !== null ? 'ok' : 'waiting',
      way: '',
    },
  ]
}

function carrierReached({ connectionStatus, server }: Status): Severity {
  if (!server?.reachable || connectionStatus === 'Disconnected') return 'error'
  return connectionStatus === 'Connected' ? 'ok' : 'waiting'
}

const known = (what: string, address: string | null): Hop['addresses'] =>
  address === null ? [] : [{ what, address }]
