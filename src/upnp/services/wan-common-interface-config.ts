import type { Action, Service, ServiceWorld, WanCounters } from '../action.ts'

/** The counters are ui4 and wrap; a control point that sees more breaks. */
const wrapped = (count: number): number => count % 2 ** 32

const physicalLinkStatus = ({ wan }: ServiceWorld): string => (wan.up() ? 'Up' : 'Down')

const COUNTERS = {
  TotalBytesSent: 'bytesSent',
  TotalBytesReceived: 'bytesReceived',
  TotalPacketsSent: 'packetsSent',
  TotalPacketsReceived: 'packetsReceived',
} as const satisfies Record<string, keyof WanCounters>

const counterActions = Object.entries(COUNTERS).map(([name, field]): readonly [string, Action] => [
  `Get${name}`,
  ({ wan }) => ({ [`New${name}`]: wrapped(wan.counters()[field]) }),
])

const counterState = Object.entries(COUNTERS).map(
  ([name, field]) => [name, ({ wan }: ServiceWorld) => wrapped(wan.counters()[field])] as const,
)

const properties: Action = (world) => ({
  NewWANAccessType: 'Ethernet',
  NewLayer1UpstreamMaxBitRate: wrapped(world.wan.upstreamBps),
  NewLayer1DownstreamMaxBitRate: wrapped(world.wan.downstreamBps),
  NewPhysicalLinkStatus: physicalLinkStatus(world),
})

/** Microsoft's extension, which Windows' network window asks for; no description declares it. */
const icsStatistics: Action = (world) => {
  const counters = world.wan.counters()
  return {
    TotalBytesSent: wrapped(counters.bytesSent),
    TotalBytesReceived: wrapped(counters.bytesReceived),
    TotalPacketsSent: wrapped(counters.packetsSent),
    TotalPacketsReceived: wrapped(counters.packetsReceived),
    Layer1DownstreamMaxBitRate: wrapped(world.wan.downstreamBps),
    Uptime: world.uptime(),
  }
}

export const wanCommonInterfaceConfig: Service = {
  name: 'WANCommonInterfaceConfig',
  actions: new Map<string, Action>([
    ['GetCommonLinkProperties', properties],
    ...counterActions,
    ['X_GetICSStatistics', icsStatistics],
  ]),
  state: new Map<string, (world: ServiceWorld) => string | number>([
    ['WANAccessType', () => 'Ethernet'],
    ['Layer1UpstreamMaxBitRate', ({ wan }) => wrapped(wan.upstreamBps)],
    ['Layer1DownstreamMaxBitRate', ({ wan }) => wrapped(wan.downstreamBps)],
    ['PhysicalLinkStatus', physicalLinkStatus],
    ...counterState,
  ]),
}
