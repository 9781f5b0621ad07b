import { type Html, html } from '../html.ts'
import type { Ability } from '../view.ts'

/** What the carrier can and cannot do. */
export const abilities = (all: readonly Ability[]): Html =>
  html`<h2>What the carrier can do</h2>
<dl class="abilities">${all.map(ability)}</dl>`

const ability = ({ has, meaning, name }: Ability): Html =>
  html`<div><dt>${name}: <strong>${has}</strong></dt><dd>${meaning}</dd></div>`
