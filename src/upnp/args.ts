import { ArgumentFault } from '../core/fault.ts'
import type {
  AddAnyRequest,
  AddRequest,
  Caller,
  EntryKey,
  IgdVersion,
  Lease,
  PortRange,
  Protocol,
  RemoteHost,
} from '../core/types.ts'
import { type Ipv4Address, isUnspecified, parseIpv4 } from '../lib/ip.ts'
import { type Port, isPort, seconds } from '../lib/units.ts'

// Arguments of WANIPConnection, from text to domain values. Past this file nobody sees a control point's text.
// The order of the checks decides which error a call with several mistakes gets; it is one for all actions:
// 402, 715, 732, 716, 601, 600, 501, and what the core adds.

export type Args = ReadonlyMap<string, string>

/** What operators may choose where the norms leave it open. */
export interface ArgOptions {
  /** A lease of 0 on :2: one week as WANIPConnection:2 has it, or for ever and shown as 0. */
  readonly zeroLease: 'spec' | 'static'
  /** An empty InternalClient: 715, or the caller's own address. */
  readonly emptyClient: 'refuse' | 'caller'
}

/** WANIPConnection:2 table 2-4: the longest lease, and what 0 means. */
export const WEEK = seconds(604_800)
const MAX_DESCRIPTION = 256
/** Controls, halves of characters, and U+FFFD, which stands for what was no character. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\uFFFD-\uFFFF]/gu

const TRUE = new Set(['1', 'true', 'yes'])
const FALSE = new Set(['0', 'false', 'no'])

export function text(args: Args, name: string): string {
  const value = args.get(name)
  if (value === undefined) throw new ArgumentFault(402, `${name} is missing`)
  return value
}

/** Digits alone, blanks around them allowed: no sign, no fraction, no other base. */
function unsigned(value: string, name: string, most: number): number {
  const digits = value.trim()
  const number = /^\d{1,10}$/.test(digits) ? Number(digits) : Infinity
  if (number > most) throw new ArgumentFault(402, `${name} is not a number from 0 to ${most}`)
  return number
}

export const ui2 = (args: Args, name: string): number => unsigned(text(args, name), name, 0xffff)

const ui4 = (args: Args, name: string): number => unsigned(text(args, name), name, 0xffffffff)

function boolean(args: Args, name: string): boolean {
  const value = text(args, name).trim().toLowerCase()
  if (!TRUE.has(value) && !FALSE.has(value)) throw new ArgumentFault(402, `${name} is not a boolean`)
  return TRUE.has(value)
}

function protocol(args: Args): Protocol {
  const value = text(args, 'NewProtocol').trim().toUpperCase()
  if (value !== 'TCP' && value !== 'UDP') throw new ArgumentFault(601, 'NewProtocol is neither TCP nor UDP')
  return value
}

/** RFC 6970 §4.1 would have names resolved; we never ask the DNS for a stranger: 600. */
function remoteHost(args: Args): RemoteHost {
  const value = text(args, 'NewRemoteHost').trim()
  if (value === '' || value === '*') return ''
  const address = parseIpv4(value)
  if (!address || isUnspecified(address)) throw new ArgumentFault(600, 'NewRemoteHost is not an IPv4 address')
  return address
}

/** '*' is how some control points write the wildcard 0. */
function externalPort(args: Args, name = 'NewExternalPort'): number {
  return text(args, name).trim() === '*' ? 0 : ui2(args, name)
}

function internalClient(value: string, caller: Caller): Ipv4Address {
  if (value === '') return caller.address
  const address = parseIpv4(value)
  if (!address) throw new ArgumentFault(600, 'NewInternalClient is not an IPv4 address')
  return address
}

/** An empty lease is 0; on :2 nobody is punished for asking for more than a week. */
function lease(args: Args, version: IgdVersion, { zeroLease }: ArgOptions): Lease {
  const asked = text(args, 'NewLeaseDuration').trim() === '' ? 0 : ui4(args, 'NewLeaseDuration')
  if (version === 1) return asked === 0 ? 'infinite' : seconds(asked)
  if (asked === 0) return zeroLease === 'static' ? 'infinite' : WEEK
  return seconds(Math.min(asked, WEEK))
}

/** Control characters dropped, cut without splitting a surrogate pair. Absent is empty. */
function description(args: Args): string {
  const printable = (args.get('NewPortMappingDescription') ?? '').replace(UNPRINTABLE, '')
  return printable.slice(0, MAX_DESCRIPTION).replace(/[\uD800-\uDBFF]$/, '')
}

/** AddAnyPortMapping: external port 0 means no wish. */
export const parseAddAny = (args: Args, caller: Caller, options: ArgOptions): AddAnyRequest =>
  parseMapping(args, caller, options, (wish) => (isPort(wish) ? wish : 0))

/** AddPortMapping: external port 0 would mean all ports. */
export const parseAdd = (args: Args, caller: Caller, options: ArgOptions): AddRequest =>
  parseMapping(args, caller, options, (wish) => {
    if (!isPort(wish)) throw new ArgumentFault(716, 'NewExternalPort is 0')
    return wish
  })

function parseMapping<P extends Port | 0>(
  args: Args,
  caller: Caller,
  options: ArgOptions,
  portOf: (wish: number) => P,
): Omit<AddAnyRequest, 'externalPort'> & { readonly externalPort: P } {
  const raw = readMapping(args, caller.version, options)
  if (raw.client === '' && options.emptyClient === 'refuse')
    throw new ArgumentFault(715, 'NewInternalClient is empty')
  if (!isPort(raw.internal)) throw new ArgumentFault(732, 'NewInternalPort is 0')
  // In this order: 716, 601, 600.
  const request = {
    internalPort: raw.internal,
    externalPort: portOf(raw.external),
    protocol: protocol(args),
    remoteHost: remoteHost(args),
    internalClient: internalClient(raw.client, caller),
    description: description(args),
    lease: raw.lease,
  }
  if (!raw.enabled) throw new ArgumentFault(501, 'PCP cannot disable a mapping (RFC 6970 §4.1)')
  return request
}

/** All that can end in 402, which goes before every other fault. */
function readMapping(args: Args, version: IgdVersion, options: ArgOptions) {
  text(args, 'NewRemoteHost')
  text(args, 'NewProtocol')
  return {
    external: externalPort(args),
    internal: ui2(args, 'NewInternalPort'),
    client: text(args, 'NewInternalClient').trim(),
    enabled: boolean(args, 'NewEnabled'),
    lease: lease(args, version, options),
  }
}

/** Names an entry. External port 0 names none that can exist, so nothing is found: 714. */
export function parseKey(args: Args): EntryKey {
  const external = externalPort(args)
  text(args, 'NewRemoteHost')
  const key = { protocol: protocol(args), remoteHost: remoteHost(args) }
  if (!isPort(external)) throw new ArgumentFault(714, 'there is no entry for external port 0')
  return { ...key, externalPort: external satisfies Port }
}

export function parseRange(args: Args): PortRange {
  const [startPort, endPort] = [externalPort(args, 'NewStartPort'), externalPort(args, 'NewEndPort')]
  const manage = boolean(args, 'NewManage')
  return { startPort, endPort, protocol: protocol(args), manage }
}
