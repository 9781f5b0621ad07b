import type { Action, Service, ServiceWorld, StateTable, WanCounters } from '../action.ts'

// WANCommonInterfaceConfig:1, one row per action.

const MAX_UI4 = 2 ** 32 - 1

/** What counts up is ui4 and wraps; a control point that sees more breaks. */
const wrapped = (count: number): number => count % (MAX_UI4 + 1)

/** A link faster than ui4 can say is as fast as ui4 can say. */
const bitRate = (bps: number): number => Math.min(bps, MAX_UI4)

const counter =
  (name: keyof WanCounters) =>
  ({ wan }: ServiceWorld): number =>
    wrapped(wan.counters()[name])

const STATE = {
  WANAccessType: () => 'Ethernet',
  Layer1UpstreamMaxBitRate: ({ wan }) => bitRate(wan.upstreamBps),
  Layer1DownstreamMaxBitRate: ({ wan }) => bitRate(wan.downstreamBps),
  PhysicalLinkStatus: ({ wan }) => (wan.up() ? 'Up' : 'Down'),
  TotalBytesSent: counter('bytesSent'),
  TotalBytesReceived: counter('bytesReceived'),
  TotalPacketsSent: counter('packetsSent'),
  TotalPacketsReceived: counter('packetsReceived'),
  X_Uptime: ({ uptime }) => wrapped(uptime()),
} as const satisfies Record<string, (world: ServiceWorld) => string | number>

const STATE_TABLE: StateTable = new Map(Object.entries(STATE))

type Variable = keyof typeof STATE

/** Answers the variables, each as `New` and its name. */
const read =
  (...variables: readonly Variable[]): Action =>
  (world) =>
    Object.fromEntries(variables.map((name) => [`New${name}`, STATE[name](world)]))

/** Microsoft's extension, which Windows' network window asks for. Its arguments have no `New`. */
const icsStatistics: Action = (world) => ({
  TotalBytesSent: STATE.TotalBytesSent(world),
  TotalBytesReceived: STATE.TotalBytesReceived(world),
  TotalPacketsSent: STATE.TotalPacketsSent(world),
  TotalPacketsReceived: STATE.TotalPacketsReceived(world),
  Layer1DownstreamMaxBitRate: STATE.Layer1DownstreamMaxBitRate(world),
  Uptime: STATE.X_Uptime(world),
})

export const wanCommonInterfaceConfig: Service = {
  name: 'WANCommonInterfaceConfig',
  version: 1,
  actions: new Map<string, Action>([
    [
      'GetCommonLinkProperties',
      read('WANAccessType', 'Layer1UpstreamMaxBitRate', 'Layer1DownstreamMaxBitRate', 'PhysicalLinkStatus'),
    ],
    ['GetTotalBytesSent', read('TotalBytesSent')],
    ['GetTotalBytesReceived', read('TotalBytesReceived')],
    ['GetTotalPacketsSent', read('TotalPacketsSent')],
    ['GetTotalPacketsReceived', read('TotalPacketsReceived')],
    ['X_GetICSStatistics', icsStatistics],
  ]),
  state: STATE_TABLE,
}
