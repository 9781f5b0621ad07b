import { type Html, html } from '../html.ts'
import type { Countdown, MappingView, PageView } from '../view.ts'
import { span } from '../words.ts'

/** The columns. The roles stay a table's where a narrow screen turns rows into cards. */
const COLUMNS: readonly {
  readonly name: string
  readonly head: string
  readonly cell: (mapping: MappingView) => Html
}[] = [
  { name: 'host', head: 'Host and port', cell: ({ internal, protocol }) => end(internal, protocol) },
  { name: 'internet', head: 'From the Internet', cell: ({ external, protocol }) => end(external, protocol) },
  {
    name: 'open',
    head: 'Open to',
    cell: ({ remoteHost }) => html`${remoteHost === '' ? 'anybody' : remoteHost}`,
  },
  { name: 'for', head: 'For', cell: ({ description }) => html`${description === '' ? '–' : description}` },
  {
    name: 'lease',
    head: 'Lease',
    cell: ({ lease }) => (lease === 'for ever' ? html`no end` : bar(lease, 'left')),
  },
  { name: 'renewal', head: 'Next renewal', cell: renewal },
]

export const mappings = ({ mappings: rows, more, others, scope }: PageView): Html =>
  html`<h2>Port mappings</h2>
${rows.length === 0 ? html`<p class="empty">${nothing(scope)}</p>` : table(rows, scope)}
<p class="count">${count(others, more)}</p>`

const nothing = (scope: PageView['scope']): string =>
  scope === 'all' ? 'Nobody has a port mapping.' : 'This device has no port mappings.'

function count(others: number, more: number): string {
  if (more > 0) return `And ${more} more, which "igd-pcp mappings list" shows.`
  if (others === 0) return ''
  return others === 1 ? 'Another device has one.' : `Other devices have ${others}.`
}

const table = (rows: readonly MappingView[], scope: PageView['scope']): Html =>
  html`<table role="table"><caption>${scope === 'all' ? 'Of all devices' : 'Of this device'}</caption>
<thead role="rowgroup"><tr role="row">${COLUMNS.map(({ head, name }) => html`<th role="columnheader" scope="col" class="${name}">${head}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map(row)}</tbody></table>`

const row = (mapping: MappingView): Html =>
  html`<tr role="row" class="${mapping.health}">${COLUMNS.map(
    ({ cell, head, name }) =>
      html`<td role="cell" class="${name}"><span class="label" aria-hidden="true">${head}</span><span class="value">${cell(mapping)}</span></td>`,
  )}</tr>
`

const end = ({ address, port }: MappingView['internal'], protocol: string): Html =>
  html`<span class="address">${address}</span> <span class="port">${protocol} ${port}</span>`

function renewal({ renewal: due, trouble }: MappingView): Html {
  const when = due === undefined ? undefined : bar(due, 'to go')
  return trouble === '' ? html`${when}` : html`${when} <span class="trouble">${trouble}</span>`
}

/** The words say what the bar shows. */
const bar = ({ left, of }: Countdown, word: string): Html =>
  html`<progress max="${of}" value="${Math.min(left, of)}" aria-hidden="true"></progress><span>${span(left)} ${word}</span>`
