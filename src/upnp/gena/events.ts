import { escapeMarkup } from '../../lib/html.ts'
import type { Service, ServiceWorld } from '../action.ts'
import type { ServiceName } from '../urn.ts'

/** The variables with sendEvents="yes". What a version of a service does not have is not evented there. */
const EVENTED: Readonly<Record<ServiceName, readonly string[]>> = {
  WANIPConnection: [
    'PossibleConnectionTypes',
    'ConnectionStatus',
    'ExternalIPAddress',
    'PortMappingNumberOfEntries',
    'SystemUpdateID',
  ],
  WANCommonInterfaceConfig: ['PhysicalLinkStatus'],
  Layer3Forwarding: ['DefaultConnectionService'],
}

/** Values of evented variables, by name. */
export type Values = ReadonlyMap<string, string>

/** All evented variables of a service as they are now. */
export const eventedValues = ({ name, state }: Service, world: ServiceWorld): Values =>
  new Map(
    EVENTED[name].flatMap((variable) => {
      const read = state.get(variable)
      return read ? [[variable, String(read(world))] as const] : []
    }),
  )

/** What of `now` is not known. */
export const news = (now: Values, known: Values): Values =>
  new Map([...now].filter(([variable, value]) => known.get(variable) !== value))

/** The body of an event (UDA 1.1 §4.3.2). */
export function writePropertySet(values: Values): string {
  const properties = [...values].map(
    ([variable, value]) => `<e:property><${variable}>${escapeMarkup(value)}</${variable}></e:property>`,
  )
  return (
    '<?xml version="1.0"?>\r\n<e:propertyset xmlns:e="urn:schemas-upnp-org:event-1-0">' +
    `${properties.join('')}</e:propertyset>\r\n`
  )
}
