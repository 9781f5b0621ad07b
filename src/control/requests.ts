import * as v from 'valibot'
import type { AddRequest, EntryKey, RemoteHost } from '../core/types.ts'
import { decoded, type Decoded, malformed } from '../lib/decoded.ts'
import { parseIpv4 } from '../lib/ip.ts'
import { port, seconds } from '../lib/units.ts'

// What the operator asks, parsed once.

const PROTOCOL = v.picklist(['TCP', 'UDP'], 'protocol must be TCP or UDP')

const portOf = (name: string) => {
  const must = `${name} must be a port, 1 to 65535`
  return v.pipe(
    v.number(must),
    v.integer(must),
    v.minValue(1, must),
    v.maxValue(65_535, must),
    v.transform(port),
  )
}

const LONGEST_DESCRIPTION = 256
const DESCRIPTION = `description must be a text of at most ${LONGEST_DESCRIPTION} characters, none of them a control character`
const LEASE = 'lease must be whole seconds, 0 for ever, at most 4294967295'
const CLIENT = 'internalClient must be the IPv4 address of a LAN host'
const REMOTE = 'remoteHost must be one IPv4 address, or left out for everybody'

const ADDRESS = v.pipe(
  v.string(CLIENT),
  v.transform(parseIpv4),
  v.check((address) => address !== undefined, CLIENT),
)

const REMOTE_HOST = v.pipe(
  v.optional(v.string(REMOTE), ''),
  v.transform((text): RemoteHost | undefined => (text === '' ? '' : parseIpv4(text))),
  v.check((host) => host !== undefined, REMOTE),
)

/** Of a body that lacks a member, has one that there is not, or is no object. */
function describeMember({ expected, path }: v.StrictObjectIssue): string {
  if (!path) return 'the body must be an object of JSON'
  const name = String(path[0].key)
  return expected === 'never' ? `there is no ${name}` : `${name} is missing`
}

const ADD = v.strictObject(
  {
    protocol: PROTOCOL,
    externalPort: portOf('externalPort'),
    internalClient: ADDRESS,
    internalPort: portOf('internalPort'),
    remoteHost: REMOTE_HOST,
    description: v.pipe(
      v.optional(v.string(DESCRIPTION), ''),
      v.maxLength(LONGEST_DESCRIPTION, DESCRIPTION),
      v.regex(/^\P{Cc}*$/u, DESCRIPTION),
    ),
    lease: v.pipe(
      v.optional(v.number(LEASE), 0),
      v.integer(LEASE),
      v.minValue(0, LEASE),
      v.maxValue(2 ** 32 - 1, LEASE),
    ),
  },
  describeMember,
)

/** A mapping to add. A lease of 0, or none, never ends. */
export function readAdd(body: unknown): Decoded<AddRequest> {
  const { issues, output, success } = v.safeParse(ADD, body, { abortEarly: true })
  if (!success) return malformed(issues[0].message)
  const { internalClient, lease, remoteHost, ...rest } = output
  if (internalClient === undefined || remoteHost === undefined) return malformed(CLIENT)
  const forever = lease === 0
  return decoded({
    ...rest,
    internalClient,
    remoteHost,
    static: true,
    lease: forever ? 'infinite' : seconds(lease),
  })
}

const KEY = v.object({
  protocol: PROTOCOL,
  port: v.pipe(
    v.string(),
    v.digits('externalPort must be a number'),
    v.transform(Number),
    portOf('externalPort'),
  ),
  remoteHost: REMOTE_HOST,
})

/** The entry that a URL names. */
export function readKey(
  texts: Readonly<Record<'protocol' | 'port' | 'remoteHost', string>>,
): Decoded<EntryKey> {
  const { issues, output, success } = v.safeParse(KEY, texts, { abortEarly: true })
  if (!success) return malformed(issues[0].message)
  const { port: externalPort, protocol, remoteHost } = output
  return remoteHost === undefined ? malformed(REMOTE) : decoded({ protocol, externalPort, remoteHost })
}
