import { describe, expect, it } from 'vitest'
import { html } from '../../src/web/html.ts'
import { sentence, span } from '../../src/web/words.ts'

describe('span', () => {
  it.each([
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 min'],
    [3599, '59 min'],
    [3600, '1 h'],
    [3661, '1 h 1 min'],
    [86_400, '1 d'],
    [90_061, '1 d 1 h'],
  ])('%i s is %s', (seconds, text) => {
    expect(span(seconds)).toBe(text)
  })
})

describe('sentence', () => {
  it('begins with a capital and ends with a full stop', () => {
    expect(sentence('ask the carrier')).toBe('Ask the carrier.')
  })
})

describe('html', () => {
  it('escapes text wherever it is put, and takes markup as it is', () => {
    const evil = `"><script>'&`
    expect(
      html`<p title="${evil}">${evil}${html`<b>${1}</b>`}${[html`<i>`, html`</i>`]}${undefined}</p>`.markup,
    ).toBe(
      '<p title="&quot;&gt;&lt;script&gt;&#39;&amp;">&quot;&gt;&lt;script&gt;&#39;&amp;<b>1</b><i></i></p>',
    )
  })
})
