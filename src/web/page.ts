import { type Html, html } from './html.ts'
import { abilities } from './parts/abilities.ts'
import { events } from './parts/events.ts'
import { mappings } from './parts/mappings.ts'
import { path } from './parts/path.ts'
import { status } from './parts/status.ts'
import type { PageView, Severity } from './view.ts'

const TITLE: Readonly<Record<Severity, string>> = {
  ok: 'Port mapping works',
  waiting: 'Port mapping: waiting',
  warning: 'Port mapping works',
  error: 'Port mapping does not work',
}

/** What changes while the page is open: the script takes each section from here and puts it in place of the old. */
const live = (view: PageView): Html => html`<section id="status" role="status">${status(view)}</section>
<section id="path">${path(view.path)}</section>
<section id="mappings">${mappings(view)}</section>
<section id="events">${events(view.events)}</section>
<section id="abilities">${abilities(view.abilities)}</section>
`

/** The sections alone, as the stream sends them. */
export const renderSections = (view: PageView): string => live(view).markup

/** The whole page, complete without a script: then it loads itself again from time to time. */
export const renderPage = (view: PageView): string =>
  html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${TITLE[view.health]}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page.css">
<noscript><meta http-equiv="refresh" content="30"></noscript>
<script src="/page.js" defer></script></head>
<body><main><h1>Port mapping</h1>
<p id="stale" role="alert" hidden>The router does not answer this page any more. What stands here may be old.</p>
${live(view)}</main>
<footer><p>${view.about}</p></footer></body></html>
`.markup
