import type { MappingStatus, ServerStatus, Status } from '../core/status.ts'

// TR-181 Device.PCP. (since issue 2 amendment 8) from the status: the names are the data model's, for an operator's
// USP or CWMP agent to map. What this program does not have is left out.

type Tree = Readonly<Record<string, unknown>>

/** The first instance of a table, as TR-181 numbers them. */
const FIRST = 1

const numbered = (rows: readonly Tree[]): Tree =>
  Object.fromEntries(rows.map((row, i) => [String(i + FIRST), row]))

export const tr181Of = (status: Status): Tree => ({
  Device: {
    PCP: {
      Enable: true,
      SupportedVersions: '0,2',
      PreferredVersion: 2,
      OptionList: '1,2,3',
      ClientNumberOfEntries: 1,
      Client: numbered([client(status)]),
    },
  },
})

const client = (status: Status): Tree => ({
  Enable: true,
  WANInterface: status.wan.interface,
  Status: status.health.severity === 'error' ? 'Error' : 'Enabled',
  MAPEnable: true,
  PEEREnable: false,
  ANNOUNCEEnable: true,
  THIRDPARTYEnable: status.nat.mode === 'none',
  THIRDPARTYStatus: status.nat.mode === 'none' ? 'Enabled' : 'Disabled',
  FILTEREnable: true,
  UPnPIWF: { Enable: true, Status: status.health.severity === 'error' ? 'Error' : 'Enabled' },
  PCPProxy: { Enable: false, Status: 'Disabled' },
  ServerNumberOfEntries: status.server ? 1 : 0,
  Server: numbered(status.server ? [server(status.server, status)] : []),
})

/** The data model knows three; default routers and anycast are none of them. DHCP names IPv4 servers as a rule. */
const ORIGIN: Readonly<Record<ServerStatus['source'], string>> = {
  static: 'Static',
  dhcp: 'DHCPv4',
  'default-router': 'Static',
  anycast: 'Static',
}

const server = (of: ServerStatus, { externalIpAddress, mappings, options }: Status): Tree => ({
  Enable: true,
  Status: serverStatus(of),
  Origin: ORIGIN[of.source],
  ServerNameOrAddress: withoutPort(of.address),
  ServerAddressInUse: withoutPort(of.address),
  ExternalIPAddress: externalIpAddress ?? '',
  CurrentVersion: of.protocol === 'PCP' ? 2 : 0,
  Capabilities: Object.entries(options)
    .filter(([, support]) => support === 'supported')
    .map(([name]) => name)
    .join(','),
  InboundMappingNumberOfEntries: mappings.length,
  OutboundMappingNumberOfEntries: 0,
  InboundMapping: numbered(mappings.map(inbound)),
})

const withoutPort = (address: string): string => address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')

function serverStatus({ lastAnswer, reachable }: ServerStatus): string {
  if (!reachable) return 'Error'
  return lastAnswer === null ? 'Connecting' : 'Enabled'
}

const inbound = (mapping: MappingStatus): Tree => ({
  Enable: true,
  Status: mapping.status === 'assigned' ? 'Enabled' : 'Error',
  Origin: mapping.static ? 'Static' : 'UPnP_IWF',
  Lifetime: mapping.lifetimeLeft,
  SuggestedExternalIPAddress: mapping.externalIpAddress,
  SuggestedExternalPort: mapping.externalPort,
  InternalPort: mapping.wanPort ?? mapping.internalPort,
  ProtocolNumber: mapping.protocol === 'TCP' ? 6 : 17,
  ThirdPartyAddress: mapping.wanPort === null ? mapping.internalIpAddress : '',
  Description: mapping.entries[0]?.description ?? '',
  AssignedExternalIPAddress: mapping.externalIpAddress,
  AssignedExternalPort: mapping.externalPort,
  FilterNumberOfEntries: filters(mapping).length,
  Filter: numbered(filters(mapping)),
})

const filters = ({ entries }: MappingStatus): readonly Tree[] =>
  entries.some(({ remoteHost }) => remoteHost === '')
    ? []
    : entries.map(({ remoteHost }) => ({ RemoteHostIPAddress: remoteHost, PrefixLength: 128, RemotePort: 0 }))
