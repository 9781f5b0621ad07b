import { type Html, html } from '../html.ts'
import type { EventView } from '../view.ts'
import { span } from '../words.ts'

export const events = (all: readonly EventView[]): Html =>
  html`<h2>What happened</h2>
${all.length === 0 ? html`<p class="empty">Nothing yet.</p>` : html`<ul class="events">${all.map(event)}</ul>`}`

const event = ({ ago, text }: EventView): Html =>
  html`<li><span class="ago">${span(ago)} ago</span> ${text}</li>`
