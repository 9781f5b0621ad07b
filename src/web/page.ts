import type { ConnectionStatus, PortMappingEntry } from '../core/types.ts'
import { escapeMarkup } from '../lib/html.ts'

/** What one host may see of the state. */
export interface PageState {
  readonly status: ConnectionStatus
  readonly externalIpAddress: string
  /** The host's own entries. */
  readonly own: readonly PortMappingEntry[]
  /** How many entries there are in all. */
  readonly total: number
}

const SENTENCE: Readonly<Record<ConnectionStatus, string>> = {
  Connected: 'Port mapping works: the carrier answers.',
  Connecting: 'Waiting for the carrier’s first answer.',
  Disconnected: 'The carrier does not answer. New port mappings fail until it does.',
}

const lease = ({ leaseDuration }: PortMappingEntry): string =>
  leaseDuration === 0 ? 'for ever' : `${Math.ceil(leaseDuration / 60)} min left`

const row = (entry: PortMappingEntry): string =>
  `<tr>${[
    `${entry.internalClient}:${entry.internalPort}`,
    entry.protocol,
    String(entry.externalPort),
    entry.remoteHost === '' ? 'anybody' : entry.remoteHost,
    lease(entry),
    entry.description,
  ]
    .map((cell) => `<td>${escapeMarkup(cell)}</td>`)
    .join('')}</tr>`

const HEADS = ['Host', 'Protocol', 'External port', 'Open to', 'Lease', 'Description']

const table = (entries: readonly PortMappingEntry[]): string =>
  `<table><caption>Port mappings of this host</caption>
<thead><tr>${HEADS.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
<tbody>${entries.map(row).join('\n')}</tbody></table>`

/** The status page, complete without a script. */
export const renderPage = (state: PageState): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Port mapping</title><link rel="stylesheet" href="/style.css"></head>
<body><main><h1>Port mapping</h1>
<p class="status ${state.status.toLowerCase()}" role="status">${SENTENCE[state.status]}</p>
<p>External address: ${escapeMarkup(state.externalIpAddress === '' ? 'not known yet' : state.externalIpAddress)}</p>
${state.own.length === 0 ? '<p>This host has no port mappings.</p>' : table(state.own)}
<p>${state.total} in all on this router.</p>
</main></body></html>
`

export const STYLE = `:root { color-scheme: light dark; font-family: system-ui, sans-serif; }
main { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
.status { padding: .75rem 1rem; border-inline-start: .4rem solid; }
.connected { border-color: #1a7f37; } .connecting { border-color: #9a6700; } .disconnected { border-color: #cf222e; }
table { border-collapse: collapse; width: 100%; } caption { text-align: start; padding: .5rem 0; }
th, td { text-align: start; padding: .4rem .6rem; border-block-end: 1px solid #8884; overflow-wrap: anywhere; }
`
