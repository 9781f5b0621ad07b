import type { IgdVersion } from '../core/types.ts'

/** The services we have. Layer3Forwarding and WANCommonInterfaceConfig never got a version 2. */
export type ServiceName = 'WANIPConnection' | 'WANCommonInterfaceConfig' | 'Layer3Forwarding'

/** The highest version of each service, per facade. */
export const SERVICE_VERSION: Readonly<Record<ServiceName, Readonly<Record<IgdVersion, IgdVersion>>>> = {
  WANIPConnection: { 1: 1, 2: 2 },
  WANCommonInterfaceConfig: { 1: 1, 2: 1 },
  Layer3Forwarding: { 1: 1, 2: 1 },
}

/** The type URN of a service. The only place it is spelled, so no control point's text is ever echoed. */
export const serviceType = (name: ServiceName, version: IgdVersion): string =>
  `urn:schemas-upnp-org:service:${name}:${version}`
