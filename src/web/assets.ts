// What the page loads beside itself, all from here: no build step, nothing of third parties.

/** Colours meet WCAG AA on their grounds in both schemes. */
export const STYLE = `:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --text: #1c2128; --soft: #57606a; --line: #d0d7de;
  --good: #1a7f37; --doubt: #8a5a00; --bad: #c2202c; --bar: #0a66c2;
  font: 100%/1.5 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1318; --card: #181d24; --text: #e6eaef; --soft: #9aa5b1; --line: #323a45;
    --good: #4cc46a; --doubt: #e0a53a; --bad: #ff7b80; --bar: #6cb2ff;
  }
}
* { box-sizing: border-box; margin: 0; }
body { background: var(--ground); color: var(--text); }
main, footer { max-width: 66rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: .5rem 0 1rem; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; margin-bottom: 1rem; }
.ok { --state: var(--good); } .waiting, .warning { --state: var(--doubt); } .error { --state: var(--bad); }

#status { padding: 0; overflow: hidden; }
.status { display: flex; gap: .9rem; align-items: flex-start; padding: 1rem; border-inline-start: .4rem solid var(--state); }
.sign { flex: none; width: 1.8rem; height: 1.8rem; border-radius: 50%; background: var(--state); color: var(--card); text-align: center; line-height: 1.8rem; font-weight: 700; }
.sentence { font-size: 1.15rem; font-weight: 600; }
#stale { border: 1px solid var(--bad); border-radius: .6rem; padding: .6rem 1rem; margin-bottom: 1rem; }

.path { list-style: none; padding: 0; display: flex; }
.path > li { flex: 1 1 0; display: flex; min-width: 0; }
.path > li + li { flex-basis: 2.2rem; }
.path > li + li::before { content: ""; flex: 0 0 2.2rem; align-self: center; border-top: 2px solid var(--state); }
.path > li + li.waiting::before { border-top-style: dashed; } .path > li + li.error::before { border-top-style: dotted; border-top-width: 3px; }
.hop { flex: 1 1 auto; min-width: 0; border: 1px solid var(--line); border-top: 3px solid var(--state); border-radius: .5rem; padding: .6rem .8rem; }
.hop h3 { font-size: .95rem; }
.hop dl div { margin-top: .3rem; } .hop dt { color: var(--soft); font-size: .8rem; }
.hop dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.way { color: var(--state); font-weight: 600; font-size: .85rem; margin-top: .3rem; }

table { border-collapse: collapse; width: 100%; }
caption { text-align: start; color: var(--soft); font-size: .9rem; padding-bottom: .4rem; }
th, td { text-align: start; vertical-align: top; padding: .5rem .6rem; border-block-end: 1px solid var(--line); }
.for { overflow-wrap: anywhere; min-width: 8rem; }
th { color: var(--soft); font-size: .85rem; font-weight: 600; }
tbody tr:last-child td { border-block-end: 0; }
td:first-child { border-inline-start: 3px solid var(--state); }
.label { display: none; }
.address, .port { white-space: nowrap; font-variant-numeric: tabular-nums; }
.port { color: var(--soft); display: block; }
.trouble { display: block; color: var(--state); font-weight: 600; }
progress { display: block; width: 100%; min-width: 5rem; height: .5rem; border: 0; border-radius: .25rem; background: var(--line); margin: .35rem 0 .15rem; appearance: none; }
progress::-webkit-progress-bar { background: var(--line); border-radius: .25rem; }
progress::-webkit-progress-value { background: var(--bar); border-radius: .25rem; }
progress::-moz-progress-bar { background: var(--bar); border-radius: .25rem; }
progress + span, .ago, .empty, .count, .unknown, footer { color: var(--soft); font-size: .9rem; }
.count:empty { display: none; } .count { margin-top: .6rem; }

.events { list-style: none; padding: 0; }
.events li { display: flex; gap: .8rem; padding: .3rem 0; overflow-wrap: anywhere; }
.ago { flex: 0 0 6.5rem; font-variant-numeric: tabular-nums; }
.abilities { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: .8rem 1.5rem; }
.abilities dd { margin: 0; color: var(--soft); font-size: .9rem; }

@media (min-width: 40em) { .lease { width: 16%; } .renewal { width: 20%; } }
@media (max-width: 52em) {
  .path { flex-direction: column; }
  .path > li { flex-direction: column; }
  .path > li + li::before { flex: 0 0 1.2rem; align-self: flex-start; margin-inline-start: 1.5rem; border-top: 0; border-inline-start: 2px solid var(--state); }
  .path > li + li.waiting::before { border-inline-start-style: dashed; } .path > li + li.error::before { border-inline-start-style: dotted; }
}
@media (max-width: 39.99em) {
  main, footer { padding: .75rem; }
  table, caption, tbody, tr, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tbody tr { border: 1px solid var(--line); border-inline-start: 3px solid var(--state); border-radius: .5rem; padding: .4rem .7rem; margin-bottom: .7rem; }
  td, td:first-child { display: flex; gap: .8rem; border: 0; padding: .25rem 0; }
  .label { display: block; flex: 0 0 8.5rem; color: var(--soft); font-size: .85rem; }
  .value { flex: 1 1 0; min-width: 0; }
  .ago { flex-basis: 5.5rem; }
}
@media (prefers-reduced-motion: no-preference) { progress::-webkit-progress-value { transition: width .4s; } }
`

/** Puts what the stream sends in place of what stands there, section by section, so that what did not change stays. */
export const SCRIPT = `'use strict'
const stale = document.getElementById('stale')
const parser = new DOMParser()
const stream = new EventSource('/events')
let again

stream.addEventListener('message', ({ data }) => {
  stale.hidden = true
  for (const fresh of parser.parseFromString(data, 'text/html').querySelectorAll('section')) {
    const shown = document.getElementById(fresh.id)
    if (shown && shown.innerHTML !== fresh.innerHTML) shown.innerHTML = fresh.innerHTML
  }
})

stream.addEventListener('error', () => {
  stale.hidden = false
  // A stream that was refused is not opened again by itself.
  if (stream.readyState === EventSource.CLOSED && !again) again = setTimeout(() => location.reload(), 30000)
})
`

export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#0a66c2"/>
<path d="M7 16h15m-6-6 6 6-6 6M26 7v18" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/>
</svg>
`
