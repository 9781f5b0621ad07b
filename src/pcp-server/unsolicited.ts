import { type IpAddress, isIpv4 } from '../lib/ip.ts'
import { type Millis, millis } from '../lib/units.ts'
import { CLIENT_PORT, RESULT_CODE } from '../pcp/wire/constants.ts'
import type { Option, Response } from '../pcp/wire/message.ts'
import { ALL_HOSTS, ALL_NODES } from './addresses.ts'
import type { Endpoint, Mapping } from './mapping.ts'
import { LONG_LIFETIME } from './refusal.ts'

// What a server sends without being asked (RFC 6887 §14).

/** RFC 6887 §14.1.3: sent up to this often. */
export const MOST_ANNOUNCEMENTS = 10
/** RFC 6887 §14.2. */
export const UPDATE_COPIES = 3

/** RFC 6887 §14.1.3: where the clients of a server listen that itself listens on `address`. */
export const groupOf = (address: IpAddress): Endpoint => ({
  address: isIpv4(address) ? ALL_HOSTS : ALL_NODES,
  port: CLIENT_PORT,
})

/** RFC 6887 §14.1.3, §14.2: 250 ms between the first two copies, twice as long between the next, and so on. */
export const copyTimes = (copies: number): readonly Millis[] =>
  Array.from({ length: copies }, (_, i) => millis(250 * (2 ** i - 1)))

/** RFC 6887 §14.1.3. */
export const announcement = (epoch: number): Response => ({
  result: RESULT_CODE.SUCCESS,
  lifetime: 0,
  epoch,
  body: { opcode: 'ANNOUNCE' },
  options: [],
  truncated: false,
})

/** RFC 6887 §14.2: `mapping` has a new external pair. */
export const mappingUpdate = (mapping: Mapping, lifetime: number, epoch: number): Response => ({
  result: RESULT_CODE.SUCCESS,
  lifetime,
  epoch,
  body: { opcode: 'MAP', map: payloadOf(mapping) },
  options: [
    ...thirdParty(mapping),
    ...mapping.filters.map((filter) => ({ option: 'FILTER', ...filter }) as const),
  ],
  truncated: false,
})

/** RFC 6887 §14.2: `mapping`, made with PREFER_FAILURE, cannot keep its external pair. */
export const withdrawal = (mapping: Mapping, epoch: number): Response => ({
  result: RESULT_CODE.CANNOT_PROVIDE_EXTERNAL,
  lifetime: LONG_LIFETIME,
  epoch,
  body: { opcode: 'MAP', map: payloadOf(mapping) },
  options: [...thirdParty(mapping), { option: 'PREFER_FAILURE' }],
  truncated: false,
})

const payloadOf = ({ nonce, protocol, internalPort, external }: Mapping) => ({
  nonce,
  protocol,
  internalPort,
  externalPort: external.port,
  externalAddress: external.address,
})

/** RFC 6887 §14.2: without it the client could not tell whose mapping is meant. */
const thirdParty = ({ internalAddress, client }: Mapping): readonly Option[] =>
  internalAddress === client.address ? [] : [{ option: 'THIRD_PARTY', internalAddress }]
