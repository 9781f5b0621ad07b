import type { IpAddress } from '../lib/ip.ts'
import type { PcpRefused } from '../core/ports.ts'
import type { Option } from '../pcp/wire/message.ts'
import type { Finding, Findings } from './report.ts'
import type { TrialAnswer } from './trials.ts'

// What an answer tells of the server. Pure.

const unknown = (answer: TrialAnswer): Finding =>
  answer.kind === 'refused' ? { verdict: 'unknown', result: answer.result } : { verdict: 'unknown' }

const isRefusedAs = (answer: TrialAnswer, ...results: readonly PcpRefused['result'][]): boolean =>
  answer.kind === 'refused' && results.includes(answer.result)

/** RFC 6887 §13.2. The answer to a request that insists on a port that another mapping has. */
export function preferFailureIn(answer: TrialAnswer): Finding {
  if (answer.kind === 'granted') return { verdict: 'ignored' }
  if (isRefusedAs(answer, 'CANNOT_PROVIDE_EXTERNAL')) return { verdict: 'supported' }
  if (isRefusedAs(answer, 'UNSUPP_OPTION')) return { verdict: 'not supported' }
  return unknown(answer)
}

/** §7.3: a success repeats every option that was processed; what the server makes of it cannot be seen from here. */
export function optionIn(
  option: Extract<Option['option'], 'FILTER' | 'DESCRIPTION'>,
  answer: TrialAnswer,
): Finding {
  if (answer.kind === 'granted')
    return { verdict: answer.options.some((one) => one.option === option) ? 'accepted' : 'ignored' }
  if (isRefusedAs(answer, 'UNSUPP_OPTION')) return { verdict: 'not supported' }
  return unknown(answer)
}

/** §13.1. The answer to a request for another host. */
export function thirdPartyIn(answer: TrialAnswer): Finding {
  if (answer.kind === 'granted') return { verdict: 'allowed' }
  if (isRefusedAs(answer, 'UNSUPP_OPTION', 'NOT_AUTHORIZED'))
    return { verdict: 'not allowed', result: answer.kind === 'refused' ? answer.result : 'UNKNOWN' }
  return unknown(answer)
}

/** What a refusal of a plain mapping means, and what to do. */
const TROUBLES: Partial<Record<PcpRefused['result'], string>> = {
  ADDRESS_MISMATCH:
    'another NAT is in between: the server sees another address than ours (ADDRESS_MISMATCH); ask the router between, or take its NAT away',
  NOT_AUTHORIZED: 'the server allows us no mappings (NOT_AUTHORIZED); ask whoever runs it',
  NO_RESOURCES:
    'the server has no ports or memory left (NO_RESOURCES); try again later, or ask whoever runs it',
  USER_EX_QUOTA:
    'all mappings that we may have are in use (USER_EX_QUOTA); delete some, or ask whoever runs the server',
  NETWORK_FAILURE:
    'the server has no external address now (NETWORK_FAILURE); try again when its Internet access works',
  UNSUPP_OPTION:
    'over IPv6 the server maps nothing for an IPv4 address (THIRD_PARTY, UNSUPP_OPTION); name its IPv4 address, or ask whoever runs it',
  UNSUPP_PROTOCOL: 'the server maps no UDP (UNSUPP_PROTOCOL); ask whoever runs it',
}

export const troubleIn = (result: PcpRefused['result']): string =>
  TROUBLES[result] ?? `the server refuses mappings (${result}); ask whoever runs it`

/** RFC 6970 §5.4: without NAT in the router every mapping is one for a LAN host. */
export function troubleWithoutNat({ options }: Findings): Pick<Findings, 'trouble'> {
  const verdict = options?.THIRD_PARTY.verdict
  return verdict === 'not allowed' || verdict === 'not supported'
    ? {
        trouble:
          'it maps nothing for LAN hosts (THIRD_PARTY), as nat.mode "none" wants it to; ask whoever runs it, or set nat.mode to "nftables"',
      }
    : {}
}

export const troubleOfAddress = (address: IpAddress): string =>
  `the external address ${address} is a private one: there is another NAT behind the server; ask for a public address`
