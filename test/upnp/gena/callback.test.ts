import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCallbacks } from '../../../src/upnp/gena/callback.ts'
import { PEER } from '../bench.ts'

const paths = (header: string) =>
  parseCallbacks(header, PEER).map(({ address, path, port }) => `${address}:${port}${path}`)

describe('UDA 1.1 §4.1.2: a CALLBACK of the peer itself', () => {
  it.each([
    ['a port and a path', `<http://${PEER}:49152/evt?id=1>`, [`${PEER}:49152/evt?id=1`]],
    ['neither', `<http://${PEER}>`, [`${PEER}:80/`]],
    ['what a request line cannot hold is escaped', `<http://${PEER}/a b"é>`, [`${PEER}:80/a%20b%22%C3%A9`]],
    ['two, in their order', `<http://${PEER}/1><http://${PEER}/2>`, [`${PEER}:80/1`, `${PEER}:80/2`]],
    ['G21: a good one after a bad one', `<http://8.8.8.8/> <http://${PEER}/2>`, [`${PEER}:80/2`]],
    ['an @ in the path is no userinfo', `<http://${PEER}/@8.8.8.8/>`, [`${PEER}:80/@8.8.8.8/`]],
  ])('%s', (_what, header, expected) => {
    expect(paths(header)).toEqual(expected)
  })

  it('CVE-2016-8863: no more than four are looked at', () => {
    const five = [1, 2, 3, 4, 5].map((n) => `<http://${PEER}/${n}>`).join('')
    expect(paths(five)).toHaveLength(4)
    expect(paths('<http://8.8.8.8/>'.repeat(4) + five)).toEqual([])
  })
})

describe('G21, CVE-2020-12695: a CALLBACK that leads elsewhere', () => {
  it.each([
    ['nothing', ''],
    ['no brackets', `http://${PEER}/`],
    ['empty brackets', '<>'],
    ['no URL', '<evt>'],
    ['a path alone', '</evt>'],
    ['another host', '<http://192.168.1.11/>'],
    ['a foreign host', '<http://8.8.8.8/>'],
    ['loopback', '<http://127.0.0.1/>'],
    ['a name', '<http://tv.lan/>'],
    ['localhost', '<http://localhost/>'],
    ['https', `<https://${PEER}/>`],
    ['ftp', `<ftp://${PEER}/>`],
    ['the peer as user name', '<http://192.168.1.10:80@8.8.8.8/x>'],
    ['a user name', `<http://anna@${PEER}/>`],
    ['a password alone', `<http://:secret@${PEER}/>`],
    ['a fragment', `<http://${PEER}/x#y>`],
    ['%00 after the address', '<http://192.168.1.10%00.evil/>'],
    ['the address as the start of a name', '<http://192.168.1.10.evil.example/>'],
    ['IPv6 with IPv4 in it', '<http://[::ffff:8.8.8.8]/>'],
    ['IPv6 with the peer in it', '<http://[::ffff:192.168.1.10]/>'],
    ['decimal', '<http://134744072/>'],
    ['hexadecimal', '<http://0x08080808/>'],
    ['octal: 010 is 8', '<http://192.168.1.010/>'],
    ['a backslash instead of a slash', '<http:\\\\8.8.8.8\\@192.168.1.10/>'],
    ['port 0', `<http://${PEER}:0/>`],
    ['port 65536', `<http://${PEER}:65536/>`],
  ])('%s', (_what, header) => {
    expect(parseCallbacks(header, PEER)).toEqual([])
  })

  it('whatever it says, nobody but the peer is named and the path fits a request line', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      'http://',
      PEER,
      '8.8.8.8',
      ':80',
      '@',
      '/',
      '\\',
      '#',
      '%00',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }), (pieces) => {
        for (const { address, path } of parseCallbacks(pieces.join(''), PEER)) {
          expect(address).toBe(PEER)
          expect(path).toMatch(/^\/[!-~]*$/)
        }
      }),
    )
  })
})
