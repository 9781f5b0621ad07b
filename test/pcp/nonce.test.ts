import { expect, it } from 'vitest'
import { mappingNonce, type NonceSubject } from '../../src/pcp/nonce.ts'
import { ip, toHex } from './literals.ts'

const secret = Uint8Array.from({ length: 32 }, (_, i) => i)
const subject: NonceSubject = {
  server: ip('100.64.0.1'),
  protocol: 6,
  internalAddress: ip('100.64.0.2'),
  internalPort: 49152,
  generation: 3,
}
const nonceOf = (changed: Partial<NonceSubject> = {}) =>
  toHex(mappingNonce(secret, { ...subject, ...changed }))

it('C-11.2-1: the first 96 bits of HMAC-SHA256 over server, address, protocol, port and generation', () => {
  expect(nonceOf()).toBe('d2d0f091fe43cf55503facfd')
})

it.each([
  ['C-11.2-2: another server', { server: ip('100.64.0.3') }],
  ['C-11.2-3: another protocol', { protocol: 17 }],
  ['C-11.2-3: another internal address', { internalAddress: ip('192.168.1.2') }],
  ['the same address in IPv6', { internalAddress: ip('2001:db8::1') }],
  ['C-11.2-3: another internal port', { internalPort: 49153 }],
  ['C-11.2-4: another life of the mapping', { generation: 4 }],
  ['a generation above 32 bits', { generation: 3 + 2 ** 32 }],
])('%s has another nonce', (_name, changed) => {
  expect(nonceOf(changed)).not.toBe(nonceOf())
})

it('C-11.2-1: another installation has other nonces', () => {
  expect(toHex(mappingNonce(new Uint8Array(32), subject))).not.toBe(nonceOf())
})
