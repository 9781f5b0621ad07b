import { isBehindNat } from '../lib/private.ts'
import type { External } from '../core/types.ts'
import { seconds } from '../lib/units.ts'
import { type Ipv4Address, parseIpv4 } from '../lib/ip.ts'
import { INFINITE_LIFETIME, VERSION } from '../pcp/wire/constants.ts'
import { neighbourOf } from './neighbour.ts'
import type { Findings, OptionFindings } from './report.ts'
import type { Granted, Trial, TrialAnswer, Trials, Wish } from './trials.ts'
import { optionIn, preferFailureIn, thirdPartyIn, troubleOfAddress } from './verdicts.ts'

/** Soon gone, should the delete be lost. */
const A_WHILE = seconds(120)

/** Nobody has this address (RFC 5737). */
const REMOTE_PEERS = [parseIpv4('198.51.100.1')].flatMap((address) => address ?? [])

export interface Examination {
  readonly trials: Trials
  /** The first mapping, and what it was granted for one second. */
  readonly first: Trial
  readonly granted: Granted
  /** Tells what is asked now. */
  readonly say: (what: string) => void
  readonly signal: AbortSignal
}

/** What a server that grants mappings can do besides. Its answers are told apart by their nonces: a trial a question. */
export async function examine(examination: Examination): Promise<Findings> {
  const { first, granted, say, signal, trials } = examination
  const { address } = granted.external
  await trials.delete(first)
  say('asking for the longest lifetime')
  const long = trials.create()
  const most = await trials.map(long, { lifetime: seconds(INFINITE_LIFETIME) }, signal)
  const options = await optionsOf(examination, long, most)
  return {
    reachable: true,
    protocol: 'PCP',
    protocolVersion: VERSION,
    epoch: granted.epoch,
    externalAddress: address,
    lifetime: { least: granted.lifetime, most: most.kind === 'granted' ? most.lifetime : undefined },
    options,
    ...(isBehindNat(address) ? { trouble: troubleOfAddress(address) } : {}),
    ...(trials.fellSilent ? { trouble: 'it fell silent in the middle; ask again' } : {}),
    left: [],
  }
}

async function optionsOf(
  { say, signal, trials }: Examination,
  long: Trial,
  most: TrialAnswer,
): Promise<OptionFindings> {
  const ask = async (option: keyof OptionFindings, wish: Wish, host?: Ipv4Address) => {
    if (!signal.aborted) say(`asking with ${option}`)
    const trial = trials.create(host)
    const answer = await trials.map(trial, { lifetime: A_WHILE, ...wish }, signal)
    await trials.delete(trial)
    return answer
  }
  const conflict =
    most.kind === 'granted'
      ? await ask('PREFER_FAILURE', insistingOn(most.external))
      : ({ kind: 'silent' } as const)
  await trials.delete(long)
  return {
    PREFER_FAILURE: preferFailureIn(conflict),
    FILTER: optionIn('FILTER', await ask('FILTER', { remotePeers: REMOTE_PEERS })),
    THIRD_PARTY: thirdPartyIn(await ask('THIRD_PARTY', {}, neighbourOf(trials.owner))),
    DESCRIPTION: optionIn('DESCRIPTION', await ask('DESCRIPTION', { description: 'igd-pcp probe' })),
  }
}

/** What another mapping has already. */
const insistingOn = ({ address, port }: External): Wish => ({
  suggestedPort: port,
  suggestedAddress: address,
  preferFailure: true,
})
