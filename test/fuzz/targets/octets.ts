import { decodeNatPmpReply, encodeAddressRequest } from '../../../src/pcp/wire/natpmp.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../../src/pcp/wire/packet.ts'
import {
  parseHookFile,
  parseHookValue,
  readOption158,
  readOption86,
} from '../../../src/pcp/discovery/dhcp-options.ts'
import fc from 'fast-check'
import { request, response } from '../../pcp/wire/arbitraries.ts'
import { octets } from '../corpus.ts'
import type { Target } from '../harness.ts'

// Decoders: whatever comes, they answer; and what they take they write as they read it.

const SAMPLES = { numRuns: 40, seed: 1 }

/** What was cut off on the way in cannot come out again. */
const shown = (message: object) => JSON.stringify({ ...message, truncated: undefined })

export const pcpRequest: Target = {
  name: 'pcp-request',
  corpus: fc.sample(request, SAMPLES).map(encodeRequest),
  words: ['\x02\x01', '\x00\x00\x00\x10', '\x02\x00\x00\x00', '\x03\x00\x00\x14', '\xff\xff'],
  open: () => ({
    take: (input) => {
      const read = decodeRequest(input)
      if (!read.ok) return
      const again = decodeRequest(encodeRequest(read.value))
      if (!again.ok || shown(again.value) !== shown(read.value))
        throw new Error(`it is read as something else the second time: ${JSON.stringify([read, again])}`)
    },
  }),
}

export const pcpResponse: Target = {
  name: 'pcp-response',
  corpus: fc.sample(response, SAMPLES).map(encodeResponse),
  words: pcpRequest.words,
  open: () => ({
    take: (input) => {
      const read = decodeResponse(input)
      if (!read.ok) return
      const again = decodeResponse(encodeResponse(read.value))
      if (!again.ok || shown(again.value) !== shown(read.value))
        throw new Error(`it is read as something else the second time: ${JSON.stringify([read, again])}`)
    },
  }),
}

export const natPmp: Target = {
  name: 'natpmp',
  corpus: [
    encodeAddressRequest(),
    Uint8Array.of(0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 114, 1),
    Uint8Array.of(0, 129, 0, 0, 0, 0, 0, 9, 0, 80, 31, 144, 0, 0, 14, 16),
    Uint8Array.of(0, 130, 0, 2, 0, 0, 0, 9, 0, 80, 31, 144, 0, 0, 14, 16),
  ],
  words: ['\x00\x80', '\x00\x81', '\xff\xff'],
  open: () => ({
    take: (input) => {
      decodeNatPmpReply(input)
    },
  }),
}

export const dhcp: Target = {
  name: 'dhcp',
  corpus: [
    Uint8Array.of(4, 203, 0, 114, 1),
    Uint8Array.of(8, 203, 0, 114, 1, 203, 0, 114, 2, 4, 198, 51, 100, 1),
    ...octets(
      '203.0.114.1',
      '04cb007201',
      '4:cb:0:72:1',
      '2001:db8::1 2001:db8::2',
      '20010db8000000000000000000000001\npassthru 0056001020010db8000000000000000000000001\n',
    ),
  ],
  words: ['203.0.114.1', '::1', '::ffff:203.0.114.1', '0x', ',', ' ', 'fe80::1%eth0', '\npassthru 00560010'],
  open: () => ({
    take: (input) => {
      readOption158(input)
      readOption86(input)
      const text = Buffer.from(input).toString('latin1')
      for (const family of [4, 6] as const) {
        parseHookValue(family, text)
        parseHookFile(family, text)
      }
    },
  }),
}
