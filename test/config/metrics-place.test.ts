import { expect, it } from 'vitest'
import { parseMetricsPlace } from '../../src/config/metrics-place.ts'

it.each([
  ['', { kind: 'nowhere' }],
  ['127.0.0.1:9188', { kind: 'address', address: '127.0.0.1', port: 9188 }],
  ['[::1]:9188', { kind: 'address', address: '::1', port: 9188 }],
  ['/run/igd-pcp/metrics.sock', { kind: 'socket', path: '/run/igd-pcp/metrics.sock' }],
])('%j', (text, value) => {
  expect(parseMetricsPlace(text)).toEqual({ ok: true, value })
})

it.each([
  ['9188', /^must be empty, an address as/],
  ['127.0.0.1', /^must be empty, an address as/],
  ['127.0.0.1:0', /^must be empty, an address as/],
  ['127.0.0.1:65536', /^must be empty, an address as/],
  ['localhost:9188', /^must be empty, an address as/],
  ['::1:9188', /^must be empty, an address as/],
  ['[127.0.0.1]:9188', /^must be empty, an address as/],
  ['[fe80::1%eth0]:9188', /^must be empty, an address as/],
  ['metrics.sock', /^must be empty, an address as/],
  ['0.0.0.0:9188', /^must be one address: all of them/],
  ['[::]:9188', /^must be one address: all of them/],
  [`/${'a'.repeat(107)}`, /at most 107 bytes/],
  ['/run/a\nb', /at most 107 bytes/],
])('%j is refused', (text, why) => {
  expect(parseMetricsPlace(text)).toEqual({ ok: false, why: expect.stringMatching(why) as string })
})
