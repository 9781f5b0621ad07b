import type { PortMappingEntry } from '../core/types.ts'
import { escapeMarkup } from '../lib/html.ts'

const OPEN =
  '<p:PortMappingList xmlns:p="urn:schemas-upnp-org:gw:WANIPConnection" ' +
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' +
  'xsi:schemaLocation="urn:schemas-upnp-org:gw:WANIPConnection ' +
  'http://www.upnp.org/schemas/gw/WANIPConnection-v2.xsd">'

const element = (name: string, value: string | number): string =>
  `<p:${name}>${escapeMarkup(String(value))}</p:${name}>`

const listed = (entry: PortMappingEntry): string =>
  `<p:PortMappingEntry>${[
    element('NewRemoteHost', entry.remoteHost),
    element('NewExternalPort', entry.externalPort),
    element('NewProtocol', entry.protocol),
    element('NewInternalPort', entry.internalPort),
    element('NewInternalClient', entry.internalClient),
    element('NewEnabled', 1),
    element('NewDescription', entry.description),
    element('NewLeaseTime', entry.leaseDuration),
  ].join('')}</p:PortMappingEntry>`

/** The document of A_ARG_TYPE_PortListing (WANIPConnection:2 §2.3.25), to be carried as text. */
export const writePortListing = (entries: readonly PortMappingEntry[]): string =>
  `${OPEN}${entries.map(listed).join('')}</p:PortMappingList>`
