import { type Decoded, decoded, malformed } from '../lib/decoded.ts'
import { millis, seconds } from '../lib/units.ts'
import { INFINITE_LIFETIME, SERVER_PORT } from '../pcp/wire/constants.ts'
import { LOOPBACK } from './addresses.ts'
import { noFaults } from './faults.ts'
import { type Flag, fault, faultSwitch, type Options, setting, value, without } from './flag.ts'
import { DEFAULT_SETTINGS } from './settings.ts'
import { MOST_ANNOUNCEMENTS } from './unsolicited.ts'
import { address, forcedResult, integer, listenAddress, portRange, share } from './values.ts'

// The command line of `igd-pcp pcp-server` as data: a new flag is a row.

const LIFETIME = integer(0, INFINITE_LIFETIME)
const MILLISECONDS = integer(0, 3_600_000)

export const SERVER_FLAGS: readonly Flag[] = [
  value(
    { name: 'listen', takes: 'ADDR[:PORT]', help: 'Where to listen; 127.0.0.1:5351.', parse: listenAddress },
    (listen) => ({ listen }),
  ),
  setting(
    {
      name: 'external',
      takes: 'ADDR',
      help: 'The external address of all mappings; 203.0.113.1.',
      parse: address,
    },
    (externalAddress) => ({ externalAddress }),
  ),
  setting(
    { name: 'ports', takes: 'A-B', help: 'External ports that mappings get; 1024-65535.', parse: portRange },
    (ports) => ({ ports }),
  ),
  setting(
    { name: 'min-lifetime', takes: 'S', help: 'Shortest lifetime granted; 120.', parse: LIFETIME },
    (lifetime) => ({ minLifetime: seconds(lifetime) }),
  ),
  setting(
    { name: 'max-lifetime', takes: 'S', help: 'Longest lifetime granted; 86400.', parse: LIFETIME },
    (lifetime) => ({ maxLifetime: seconds(lifetime) }),
  ),
  setting(
    { name: 'quota', takes: 'N', help: 'Mappings a client may hold; 1000.', parse: integer(0, 131_072) },
    (quota) => ({ quota }),
  ),
  setting(
    { name: 'max-filters', takes: 'N', help: 'Filters a mapping may have; 16.', parse: integer(1, 1000) },
    (maxFilters) => ({ maxFilters }),
  ),
  without('no-third-party', 'THIRD_PARTY'),
  without('no-prefer-failure', 'PREFER_FAILURE'),
  without('no-filter', 'FILTER'),
  value(
    {
      name: 'announce',
      takes: 'N',
      help: 'Multicast ANNOUNCE this often at start and restart; 0.',
      parse: integer(0, MOST_ANNOUNCEMENTS),
    },
    (announcements) => ({ announcements }),
  ),
]

export const FAULT_FLAGS: readonly Flag[] = [
  fault(
    {
      name: 'drop-requests',
      takes: 'SHARE',
      help: 'Lose this share of the requests; 1: never answer.',
      parse: share,
    },
    (dropRequests) => ({ dropRequests }),
  ),
  fault(
    {
      name: 'drop-responses',
      takes: 'SHARE',
      help: 'Do what is asked, lose this share of the answers.',
      parse: share,
    },
    (dropResponses) => ({ dropResponses }),
  ),
  fault(
    {
      name: 'duplicate-responses',
      takes: 'SHARE',
      help: 'Send this share of the answers twice.',
      parse: share,
    },
    (duplicateResponses) => ({ duplicateResponses }),
  ),
  fault(
    { name: 'delay', takes: 'MS', help: 'Send every answer this much later.', parse: MILLISECONDS },
    (delay) => ({ delay: millis(delay) }),
  ),
  fault(
    {
      name: 'jitter',
      takes: 'MS',
      help: 'Send it up to this much later still, out of order.',
      parse: MILLISECONDS,
    },
    (jitter) => ({ jitter: millis(jitter) }),
  ),
  fault(
    {
      name: 'result',
      takes: 'CODE[:LIFETIME[:TIMES]]',
      help: 'Answer the next requests with this result and do nothing; without TIMES, all.',
      parse: forcedResult,
    },
    (result) => ({ result }),
  ),
  faultSwitch('ignore-prefer-failure', 'Grant another port than PREFER_FAILURE insists on.', {
    ignorePreferFailure: true,
  }),
  faultSwitch('other-port', 'Answer from another UDP port.', { otherPort: true }),
  faultSwitch('flip-nonce', 'Flip one bit of the nonce in MAP answers.', { flipNonce: true }),
  fault(
    { name: 'lifetime', takes: 'S', help: 'Grant this lifetime, whatever the limits say.', parse: LIFETIME },
    (lifetime) => ({ lifetime: seconds(lifetime) }),
  ),
  fault(
    { name: 'epoch', takes: 'S', help: 'Give this epoch in every message.', parse: LIFETIME },
    (epoch) => ({ epoch }),
  ),
  faultSwitch('natpmp-only', 'Speak NAT-PMP (RFC 6886) and nothing else.', { natPmpOnly: true }),
]

const FLAGS: readonly Flag[] = [...SERVER_FLAGS, ...FAULT_FLAGS]

/** For `util.parseArgs`. */
export const FLAG_OPTIONS = Object.fromEntries(
  FLAGS.map(({ name, takes }) => [name, { type: takes === undefined ? 'boolean' : 'string' } as const]),
)

const DEFAULTS: Options = {
  listen: { address: LOOPBACK, port: SERVER_PORT },
  announcements: 0,
  settings: DEFAULT_SETTINGS,
  faults: noFaults(),
}

/** What `util.parseArgs` found, by the name of the flag; or what is wrong with the first wrong value. */
export function readFlags(values: Readonly<Record<string, string | boolean | undefined>>): Decoded<Options> {
  let options = DEFAULTS
  for (const { name, apply } of FLAGS) {
    const given = values[name]
    if (given === undefined) continue
    const next = apply(options, typeof given === 'string' ? given : '')
    if (!next.ok) return next
    options = next.value
  }
  const { minLifetime, maxLifetime } = options.settings
  return minLifetime <= maxLifetime ? decoded(options) : malformed('--min-lifetime is above --max-lifetime')
}

/** A row of the help. */
export const flagRow = ({ name, takes, help }: Flag): readonly [string, string] => [
  takes === undefined ? `--${name}` : `--${name} ${takes}`,
  help,
]
