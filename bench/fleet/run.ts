import { parseArgs } from 'node:util'
import { seeded } from '../../test/support/dice.ts'
import { table } from '../table.ts'
import type { Capacity } from './carrier.ts'
import { type Fleet, type Recovered, recover } from './recovery.ts'
import { renewing } from './steady.ts'

// Many routers and one carrier, on a virtual clock: what their renewals cost it, and what its restart does.

const HELP = `usage: npm run bench:fleet -- [--cpes N] [--mappings M] [--rate PER_SECOND] [--seed N]

Simulates N routers (default 1000000) with M mappings each (5) against a PCP server that answers PER_SECOND
requests (50000), with the daemon's own pacing, retransmission and renewal code.
`

const LIFETIMES = [120, 300, 1800, 3600, 7200, 86_400] as const

function main(): void {
  const { values } = parseArgs({
    options: {
      cpes: { type: 'string', default: '1000000' },
      mappings: { type: 'string', default: '5' },
      rate: { type: 'string', default: '50000' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const fleet = { cpes: Number(values.cpes), mappings: Number(values.mappings) }
  const random = seeded(Number(values.seed))
  const dice = () => random.unit()
  const capacity = { rate: Number(values.rate), backlog: 1, roundTrip: 0.02, loss: 0.005, upFrom: 0 }
  print(`${fleet.cpes} routers, ${fleet.mappings} mappings each\n`)
  print(steady(fleet, dice))
  print(restarts(fleet, capacity, dice))
}

const print = (text: string): void => void process.stdout.write(`${text}\n`)

/** Nobody is refused here: what is asked is what a server must be able to do. */
function steady(fleet: Fleet, random: () => number): string {
  const rows = [0, 0.05].flatMap((loss) =>
    LIFETIMES.map((lifetime) => {
      const capacity = { rate: Infinity, backlog: Infinity, roundTrip: 0.02, loss, upFrom: 0 }
      const { lapsed, late, peak, rate } = renewing({ fleet, capacity, lifetime, random })
      const formula = (fleet.cpes * fleet.mappings) / (0.5625 * lifetime)
      return [lifetime, percent(loss), whole(rate), whole(formula), whole(peak), tiny(late), tiny(lapsed)]
    }),
  )
  const head = ['lifetime s', 'loss', 'requests/s', 'N·M/(0.5625·L)', 'peak/s', '3 attempts lost', 'lapsed']
  return `Renewals (RFC 6887 §11.2.1)\n\n${table(head, rows)}`
}

/** RFC 7488 §3 and upstream.ts: while the carrier is down a sign of life is asked for every 30 s. */
const SIGN_OF_LIFE = 30

function restarts(fleet: Fleet, capacity: Capacity, random: () => number): string {
  const horizon = 3600
  const row = (
    name: string,
    over: Partial<Capacity>,
    notice: 'announce' | { every: number },
    paced: boolean,
  ) => described(name, recover({ fleet, capacity: { ...capacity, ...over }, notice, paced, random, horizon }))
  const outage = { every: SIGN_OF_LIFE }
  const rows = [
    row('restart with ANNOUNCE, all at once', {}, 'announce', false),
    row('restart with ANNOUNCE, paced', {}, 'announce', true),
    row('the same, unlimited server', { rate: Infinity, backlog: Infinity }, 'announce', true),
    row('the same, a tenth of the capacity', { rate: capacity.rate / 10 }, 'announce', true),
    row('after an outage, all at once', {}, outage, false),
    row('after an outage, paced', {}, outage, true),
  ]
  const least = whole((fleet.cpes * fleet.mappings) / capacity.rate)
  const head = ['what', 'peak/s', '99 % back s', 'all back s', 'duplicates', 'not back']
  return `All mappings anew; a server of ${capacity.rate}/s needs at least ${least} s\n\n${table(head, rows)}`
}

const described = (name: string, { duplicates, last, most, peak, unfinished }: Recovered): string[] => [
  name,
  whole(peak),
  whole(most),
  whole(last),
  percent(duplicates),
  percent(unfinished),
]

const whole = (n: number): string => n.toFixed(0)
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
const tiny = (share: number): string => (share === 0 ? '0' : share.toExponential(1))

main()
