import type { IgdVersion } from '../core/types.ts'

/** The services we have. */
export type ServiceName = 'WANIPConnection' | 'WANCommonInterfaceConfig' | 'Layer3Forwarding'

/** UDA 1.0 §3.3: the namespace of QueryStateVariable, and of the detail of a fault. */
export const CONTROL_TYPE = 'urn:schemas-upnp-org:control-1-0'

/** The type URN of a service. The only place it is spelled, so no control point's text is ever echoed. */
export const serviceType = (name: ServiceName, version: IgdVersion): string =>
  `urn:schemas-upnp-org:service:${name}:${version}`
