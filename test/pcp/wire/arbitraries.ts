import fc from 'fast-check'
import { fromBytes, type IpAddress } from '../../../src/lib/ip.ts'
import type { Body, Option, Request, Response } from '../../../src/pcp/wire/message.ts'

// Every PCP message there can be, as far as it fits in 1100 octets.

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const uint8 = fc.integer({ min: 0, max: 0xff })
const uint16 = fc.integer({ min: 0, max: 0xffff })
const uint32 = fc.integer({ min: 0, max: 0xffffffff })

const ipv4 = octets(4).map((four) =>
  fromBytes(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...four)),
)
const ipv6 = octets(16).map(fromBytes)
const ipAddress: fc.Arbitrary<IpAddress> = fc.oneof(ipv4, ipv6)

const mapFields = {
  nonce: octets(12),
  protocol: uint8,
  internalPort: uint16,
  externalPort: uint16,
  externalAddress: ipAddress,
}

const knownOpcodes = new Set([0, 1, 2])
const body: fc.Arbitrary<Body> = fc.oneof(
  fc.constant({ opcode: 'ANNOUNCE' } as const),
  fc.record({ opcode: fc.constant('MAP' as const), map: fc.record(mapFields) }),
  fc.record({
    opcode: fc.constant('PEER' as const),
    peer: fc.record({ ...mapFields, remotePort: uint16, remoteAddress: ipAddress }),
  }),
  fc.record({
    opcode: fc.constant('UNKNOWN' as const),
    code: fc.integer({ min: 0, max: 127 }).filter((code) => !knownOpcodes.has(code)),
    data: fc.integer({ min: 0, max: 20 }).chain((words) => octets(4 * words)),
  }),
)

const filter = (remoteAddress: fc.Arbitrary<IpAddress>, shortest: number) =>
  fc.record({
    option: fc.constant('FILTER' as const),
    prefixLength: fc.oneof(fc.constant(0), fc.integer({ min: shortest, max: 128 })),
    remotePort: uint16,
    remoteAddress,
  })

const knownOptions = new Set([1, 2, 3, 128])
const freeOption: fc.Arbitrary<Option> = fc.oneof(
  filter(ipv4, 96),
  filter(ipv6, 96),
  fc.record({
    option: fc.constant('UNKNOWN' as const),
    code: uint8.filter((code) => !knownOptions.has(code)),
    data: fc.uint8Array({ maxLength: 40 }),
  }),
)
const singleOptions: fc.Arbitrary<Option[]> = fc
  .tuple(
    fc.record({ option: fc.constant('THIRD_PARTY' as const), internalAddress: ipAddress }),
    fc.constant({ option: 'PREFER_FAILURE' } as const),
    fc.record({ option: fc.constant('DESCRIPTION' as const), text: fc.uint8Array({ maxLength: 300 }) }),
  )
  .chain((three) => fc.subarray<Option>(three))

/** In any order, and those that may come only once at most once. */
const options: fc.Arbitrary<Option[]> = fc
  .tuple(singleOptions, fc.array(freeOption, { maxLength: 8 }))
  .chain(([single, free]) => {
    const all = [...single, ...free]
    return fc.shuffledSubarray(all, { minLength: all.length })
  })

/** What an unknown opcode carries cannot be told from options, so all of it is its data. */
const content = fc
  .record({ body, options })
  .map((both) => (both.body.opcode === 'UNKNOWN' ? { ...both, options: [] } : both))

export const request: fc.Arbitrary<Request> = fc
  .tuple(fc.record({ lifetime: uint32, clientAddress: ipAddress }), content)
  .map(([header, rest]) => ({ ...header, ...rest }))

export const response: fc.Arbitrary<Response> = fc
  .tuple(fc.record({ result: uint8, lifetime: uint32, epoch: uint32 }), content)
  .map(([header, rest]) => ({ ...header, ...rest, truncated: false }))
