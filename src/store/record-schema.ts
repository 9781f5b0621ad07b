import * as v from 'valibot'
import type { KnownEpoch } from '../core/place.ts'
import type { ClaimRecord } from '../core/record.ts'
import { type IpAddress, type Ipv4Address, parseIp, parseIpv4 } from '../lib/ip.ts'
import { type MacAddress, parseMac } from '../lib/mac.ts'
import { isPort, type Millis, type Port, type Seconds } from '../lib/units.ts'

// A record as it comes from the disk. The checksum says that we wrote it, but not which version of us.

const number = <T extends number>() =>
  v.custom<T>((value) => typeof value === 'number' && Number.isFinite(value))
const text = <T extends string>(parse: (text: string) => T | undefined) =>
  v.custom<T>((value) => typeof value === 'string' && parse(value) === value)

const port = v.custom<Port>((value) => typeof value === 'number' && isPort(value))
const ipv4 = text<Ipv4Address>(parseIpv4)
const millis = number<Millis>()
const seconds = number<Seconds>()

const place = v.object({
  server: v.string(),
  client: v.optional(text<IpAddress>(parseIp)),
  self: v.optional(ipv4),
})

const generation = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const claim = {
  generation,
  knownAs: v.optional(generation),
  protocol: v.picklist(['TCP', 'UDP']),
  client: ipv4,
  internalPort: port,
  wanPort: v.optional(port),
  place: v.optional(place),
  former: v.optional(v.array(v.object({ place, until: millis }))),
}
const unconfirmed = { ...claim, externalPort: v.union([port, v.literal(0)]), until: millis }

const entry = v.object({
  remoteHost: v.union([v.literal(''), ipv4]),
  description: v.string(),
  lease: v.union([v.literal('infinite'), seconds]),
  leaseEnd: v.union([v.literal('never'), millis]),
  order: v.number(),
})

const record = v.variant('state', [
  v.object({ state: v.literal('INTENT'), ...unconfirmed }),
  v.object({ state: v.literal('DELETING'), ...unconfirmed }),
  v.object({
    state: v.literal('ACTIVE'),
    ...claim,
    externalPort: port,
    external: v.object({ address: text<IpAddress>(parseIp), port }),
    lifetime: seconds,
    preferFailure: v.boolean(),
    filtered: v.boolean(),
    static: v.optional(v.literal(true)),
    mac: v.optional(text<MacAddress>(parseMac)),
    entries: v.pipe(v.array(entry), v.minLength(1)),
  }),
])

const epoch = v.object({ server: v.string(), seconds, at: millis })

/** Undefined when it is none. */
export function parseEpoch(value: unknown): KnownEpoch | undefined {
  const parsed = v.safeParse(epoch, value)
  return parsed.success ? parsed.output : undefined
}

/** Undefined when it is none. */
export function parseRecord(value: unknown): ClaimRecord | undefined {
  const parsed = v.safeParse(record, value)
  return parsed.success ? parsed.output : undefined
}
