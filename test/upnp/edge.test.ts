import { describe, expect, it } from 'vitest'
import { type Head, admit } from '../../src/upnp/edge.ts'
import { ip } from '../support/fake-carrier.ts'
import { LAN } from './bench.ts'

const GUEST = { name: 'lan1', address: ip('10.1.0.1'), prefix: { address: ip('10.1.0.0'), length: 16 } }

const head = (over: Partial<Head> = {}, ends: Partial<Head['ends']> = {}): Head => ({
  ends: { peer: '192.168.1.10', local: '192.168.1.1', localPort: 5000, ...ends },
  method: 'POST',
  url: '/igd1.xml',
  headers: {},
  hosts: ['192.168.1.1:5000'],
  httpVersion: '1.1',
  ...over,
})

const judged = (request: Head) => {
  const edge = admit(request, [LAN, GUEST])
  return typeof edge === 'string' ? edge : 'admitted'
}

it('says who it is, and on which LAN', () => {
  expect(admit(head(), [GUEST, LAN])).toEqual({ peer: '192.168.1.10', lan: LAN })
})

describe('who', () => {
  it.each([
    ['a host of the LAN', '192.168.1.254', '192.168.1.1', 'admitted'],
    ['the same, on a dual-stack socket', '::ffff:192.168.1.254', '192.168.1.1', 'admitted'],
    ['a host of another LAN', '10.1.2.3', '192.168.1.1', 'not on a LAN'],
    ['a host outside', '203.0.113.9', '192.168.1.1', 'not on a LAN'],
    ['somebody at an address that is none of a LAN', '192.168.1.10', '203.0.113.1', 'not on a LAN'],
    ['an IPv6 host', 'fe80::1', '192.168.1.1', 'not on a LAN'],
    ['nobody any more', undefined, undefined, 'not on a LAN'],
  ])('%s', (_name, peer, local, verdict) => {
    expect(judged(head({}, { peer, local }))).toBe(verdict)
  })
})

it('lan.routed: a host behind another router of the LAN is one of the LAN', () => {
  const routed = { ...LAN, routed: [{ address: ip('10.9.0.0'), length: 16 }] }
  const from = (peer: string) => admit(head({}, { peer }), [routed])
  expect(from('10.9.8.7')).toEqual({ peer: '10.9.8.7', lan: routed })
  expect(from('10.8.8.7')).toBe('not on a LAN')
})

describe('G23: Host', () => {
  it.each([
    ['192.168.1.1:5000', 'admitted'],
    ['192.168.1.1', 'admitted'],
    ['evil.example', 'Host is not this address'],
    ['evil.example:5000', 'Host is not this address'],
    ['10.0.0.1', 'Host is not this address'],
    ['10.1.0.1', 'Host is not this address'],
    ['10.1.0.1:5000', 'Host is not this address'],
    ['192.168.1.1.', 'Host is not this address'],
    ['192.168.1.1:80', 'Host is not this address'],
    ['192.168.1.1:', 'Host is not this address'],
    ['192.168.1.1:5000:5000', 'Host is not this address'],
    ['0xC0A80101', 'Host is not this address'],
    ['3232235777', 'Host is not this address'],
    ['[::ffff:192.168.1.1]', 'Host is not this address'],
    ['user@192.168.1.1', 'Host is not this address'],
    ['', 'Host is not this address'],
  ])('%j: %s', (host, verdict) => {
    expect(judged(head({ hosts: [host] }))).toBe(verdict)
  })

  it.each([
    ['1.0', 'admitted'],
    ['1.1', 'Host is not this address'],
  ])('absent in HTTP/%s: %s', (httpVersion, verdict) => {
    expect(judged(head({ hosts: [], httpVersion }))).toBe(verdict)
  })
})

it('G23: twice, even when both are right', () => {
  expect(judged(head({ hosts: ['192.168.1.1', '192.168.1.1'] }))).toBe('Host is not this address')
})

describe('G23: a URL with a host in the request line (RFC 9112 §3.2.2)', () => {
  it.each([
    ['http://192.168.1.1:5000/igd1.xml', 'admitted'],
    ['HTTP://192.168.1.1/igd1.xml', 'admitted'],
    ['http://192.168.1.1:5000', 'admitted'],
    ['http://evil.example/igd1.xml', 'Host is not this address'],
    ['http://evil.example?http://192.168.1.1/', 'Host is not this address'],
    ['http://192.168.1.1@evil.example/', 'Host is not this address'],
    ['http://10.1.0.1:5000/igd1.xml', 'Host is not this address'],
    ['https:///igd1.xml', 'Host is not this address'],
    ['/igd1.xml?http://evil.example/', 'admitted'],
  ])('%s: %s', (url, verdict) => {
    expect(judged(head({ url }))).toBe(verdict)
  })
})

describe('G23: web pages', () => {
  it.each([
    ['POST', { origin: 'http://evil.example' }, 'sent by a web page'],
    ['POST', { origin: 'null' }, 'sent by a web page'],
    ['POST', { origin: '' }, 'sent by a web page'],
    ['GET', { origin: 'http://192.168.1.1:5000' }, 'sent by a web page'],
    ['POST', { 'sec-fetch-site': 'cross-site' }, 'sent by a web page'],
    ['POST', { 'sec-fetch-site': 'same-origin' }, 'sent by a web page'],
    ['POST', { 'sec-fetch-site': 'none' }, 'sent by a web page'],
    ['SUBSCRIBE', { 'sec-fetch-site': 'same-origin' }, 'sent by a web page'],
    ['GET', { 'sec-fetch-site': 'cross-site' }, 'sent by a web page'],
    ['GET', { 'sec-fetch-site': 'same-site' }, 'sent by a web page'],
    ['GET', { 'sec-fetch-site': 'none' }, 'admitted'],
    ['GET', { 'sec-fetch-site': 'same-origin' }, 'admitted'],
  ])('%s with %j: %s', (method, mark, verdict) => {
    expect(judged(head({ method, headers: mark }))).toBe(verdict)
  })
})
