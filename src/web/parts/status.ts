import { type Html, html } from '../html.ts'
import type { PageView, Severity } from '../view.ts'

/** Colour is never the only sign. */
const SIGN: Readonly<Record<Severity, string>> = { ok: '✓', waiting: '…', warning: '!', error: '✕' }

export const status = ({ cures, health, sentence }: PageView): Html =>
  html`<div class="status ${health}"><span class="sign" aria-hidden="true">${SIGN[health]}</span>
<div><p class="sentence">${sentence}</p>${cures.map((cure) => html`<p>${cure}</p>`)}</div></div>`
