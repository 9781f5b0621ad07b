import { Fault } from '../../core/fault.ts'
import type { Caller, PortMappingEntry } from '../../core/types.ts'
import type { Action, Service, ServiceWorld, StateTable } from '../action.ts'
import { WEEK, parseAdd, parseAddAny, parseKey, parseRange, text, ui2 } from '../args.ts'
import { writePortListing } from '../port-listing.ts'

// WANIPConnection, one row per action. A new action is one row and its lines in descriptors/.

const CONNECTION_TYPE = 'IP_Routed'

/** The part of an entry that GetSpecificPortMappingEntry answers. */
const valueOf = (entry: PortMappingEntry) => ({
  NewInternalPort: entry.internalPort,
  NewInternalClient: entry.internalClient,
  NewEnabled: 1,
  NewPortMappingDescription: entry.description,
  NewLeaseDuration: entry.leaseDuration,
})

/** The table is one for both versions, but :2 knows no lease above a week, and a strict :2 control point refuses it. */
const shownTo = ({ version }: Caller, entry: PortMappingEntry): PortMappingEntry =>
  version === 1 || entry.leaseDuration <= WEEK ? entry : { ...entry, leaseDuration: WEEK }

const keyOf = (entry: PortMappingEntry) => ({
  NewRemoteHost: entry.remoteHost,
  NewExternalPort: entry.externalPort,
  NewProtocol: entry.protocol,
})

const lastConnectionError = ({ gateway }: ServiceWorld): string =>
  gateway.connectionStatus() === 'Disconnected' ? 'ERROR_NO_CARRIER' : 'ERROR_NONE'

/** A silent carrier is as good as no connection. */
const uptime = ({ gateway, uptime }: ServiceWorld): number =>
  gateway.connectionStatus() === 'Connected' ? uptime() : 0

/** Nobody on the LAN may take the connection up or down. UDA 1.0, which :1 is built on, has no 606. */
const forbidden: Action = (_world, _args, { version }) => {
  throw new Fault(version === 1 ? 501 : 606, 'the connection is the operator’s business')
}

const COMMON: readonly (readonly [string, Action])[] = [
  [
    'SetConnectionType',
    (_world, args) => {
      if (text(args, 'NewConnectionType').trim() !== CONNECTION_TYPE)
        throw new Fault(731, 'there is one connection type')
      return {}
    },
  ],
  [
    'GetConnectionTypeInfo',
    () => ({ NewConnectionType: CONNECTION_TYPE, NewPossibleConnectionTypes: CONNECTION_TYPE }),
  ],
  ['RequestConnection', forbidden],
  ['ForceTermination', forbidden],
  [
    'GetStatusInfo',
    (world) => ({
      NewConnectionStatus: world.gateway.connectionStatus(),
      NewLastConnectionError: lastConnectionError(world),
      NewUptime: uptime(world),
    }),
  ],
  ['GetNATRSIPStatus', () => ({ NewRSIPAvailable: 0, NewNATEnabled: 1 })],
  [
    'GetGenericPortMappingEntry',
    ({ gateway }, args, caller) => {
      const index = ui2(args, 'NewPortMappingIndex')
      const entry = shownTo(caller, gateway.getGenericPortMappingEntry(index, caller))
      return { ...keyOf(entry), ...valueOf(entry) }
    },
  ],
  [
    'GetSpecificPortMappingEntry',
    async ({ gateway }, args, caller) =>
      valueOf(shownTo(caller, await gateway.getSpecificPortMappingEntry(parseKey(args), caller))),
  ],
  [
    'AddPortMapping',
    async ({ gateway, options }, args, caller) => {
      await gateway.addPortMapping(parseAdd(args, caller, options), caller)
      return {}
    },
  ],
  [
    'DeletePortMapping',
    async ({ gateway }, args, caller) => {
      await gateway.deletePortMapping(parseKey(args), caller)
      return {}
    },
  ],
  ['GetExternalIPAddress', ({ gateway }) => ({ NewExternalIPAddress: gateway.externalIpAddress() })],
]

const SECOND: readonly (readonly [string, Action])[] = [
  [
    'DeletePortMappingRange',
    async ({ gateway }, args, caller) => {
      await gateway.deletePortMappingRange(parseRange(args), caller)
      return {}
    },
  ],
  [
    'GetListOfPortMappings',
    ({ gateway }, args, caller) => {
      const limit = ui2(args, 'NewNumberOfPorts')
      const entries = gateway.getListOfPortMappings(parseRange(args), limit, caller)
      const shown = entries.map((entry) => shownTo(caller, entry))
      return { NewPortListing: { document: writePortListing(shown) } }
    },
  ],
  [
    'AddAnyPortMapping',
    async ({ gateway, options }, args, caller) => ({
      NewReservedPort: await gateway.addAnyPortMapping(parseAddAny(args, caller, options), caller),
    }),
  ],
]

/** The others of the description only give arguments their types, and have no value. */
const STATE: StateTable = new Map<string, (world: ServiceWorld) => string | number>([
  ['ConnectionType', () => CONNECTION_TYPE],
  ['PossibleConnectionTypes', () => CONNECTION_TYPE],
  ['ConnectionStatus', ({ gateway }) => gateway.connectionStatus()],
  ['Uptime', uptime],
  ['LastConnectionError', lastConnectionError],
  ['RSIPAvailable', () => 0],
  ['NATEnabled', () => 1],
  ['ExternalIPAddress', ({ gateway }) => gateway.externalIpAddress()],
  ['PortMappingNumberOfEntries', ({ gateway }) => gateway.portMappingNumberOfEntries()],
])

export const wanIpConnection1: Service = {
  name: 'WANIPConnection',
  version: 1,
  actions: new Map(COMMON),
  state: STATE,
}

export const wanIpConnection2: Service = {
  name: 'WANIPConnection',
  version: 2,
  actions: new Map([...COMMON, ...SECOND]),
  state: new Map([...STATE, ['SystemUpdateID', ({ gateway }: ServiceWorld) => gateway.systemUpdateId()]]),
}
