import { type Html, html } from '../html.ts'
import type { Hop } from '../view.ts'

/** The picture: a list, so that it reads in order where nothing is drawn. */
export const path = (hops: readonly Hop[]): Html =>
  html`<h2>The way to the Internet</h2>
<ol class="path" role="list">${hops.map(hop)}</ol>`

const hop = ({ addresses, name, reached, way }: Hop): Html =>
  html`<li class="${reached}"><div class="hop"><h3>${name}</h3>${addressesOf(addresses)}
${way === '' ? undefined : html`<p class="way">${way}</p>`}</div></li>`

const addressesOf = (addresses: Hop['addresses']): Html =>
  addresses.length === 0
    ? html`<p class="unknown">address not known yet</p>`
    : html`<dl>${addresses.map(({ address, what }) => html`<div><dt>${what}</dt><dd>${address}</dd></div>`)}</dl>`
