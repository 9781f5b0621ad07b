import { lifetimeEnd, renewalTime } from '../../src/core/renewal.ts'
import { ANY_IPV4 } from '../../src/lib/ip.ts'
import { type Millis, millis, port, seconds } from '../../src/lib/units.ts'
import { Calendar } from './calendar.ts'
import { type Capacity, Carrier } from './carrier.ts'
import type { Fleet } from './recovery.ts'

// Nothing happens, and every mapping is renewed at the times of RFC 6887 §11.2.1 (core/renewal.ts).

export interface Steady {
  /** Requests per second, in the long run. */
  readonly rate: number
  /** The most in one second. */
  readonly peak: number
  /** Share of the renewals whose first three attempts all failed. */
  readonly late: number
  /** Share of the lifetimes that ended before anybody answered. */
  readonly lapsed: number
}

interface SteadyOptions {
  readonly fleet: Fleet
  readonly capacity: Capacity
  /** Granted lifetime in seconds. */
  readonly lifetime: number
  readonly random: () => number
}

const EXTERNAL = { address: ANY_IPV4, port: port(1) }

export function renewing({ capacity, fleet, lifetime, random }: SteadyOptions): Steady {
  const count = fleet.cpes * fleet.mappings
  const [warmUp, horizon] = [lifetime, 2 * lifetime]
  const calendar = new Calendar(count, { step: lifetime / 36_000, horizon })
  const before = new Carrier(capacity, random)
  const carrier = new Carrier(capacity, random)
  const from = new Float64Array(count)
  const sent = new Float64Array(count)
  const attempt = new Uint8Array(count).fill(1)
  const sum = { renewals: 0, late: 0, lapsed: 0 }

  const grantOf = (mapping: number) => ({
    external: EXTERNAL,
    lifetime: seconds(lifetime),
    from: millis(1000 * (from[mapping] ?? 0)),
    static: false,
  })
  const arm = (mapping: number, last: Millis | undefined) => {
    const grant = grantOf(mapping)
    const due = renewalTime(grant, attempt[mapping] ?? 1, random(), last)
    calendar.schedule(mapping, (due ?? lifetimeEnd(grant)) / 1000)
  }
  const renew = (mapping: number, now: number) => {
    const measured = now >= warmUp
    const answer = (measured ? carrier : before).ask(measured ? now - warmUp : now)
    sent[mapping] = now
    if (answer === Infinity) attempt[mapping] = (attempt[mapping] ?? 1) + 1
    else {
      if (measured) sum.renewals += 1
      if (measured && (attempt[mapping] ?? 1) > 3) sum.late += 1
      from[mapping] = now
      attempt[mapping] = 1
    }
    arm(mapping, attempt[mapping] === 1 ? undefined : millis(1000 * now))
  }
  for (let mapping = 0; mapping < count; mapping++) {
    from[mapping] = (-random() * lifetime) / 2
    arm(mapping, undefined)
  }
  calendar.run((mapping, now) => {
    const over = lifetimeEnd(grantOf(mapping)) / 1000 <= now
    if (over && now >= warmUp) sum.lapsed += 1
    if (over) attempt[mapping] = 1
    renew(mapping, now)
  })
  return {
    rate: carrier.requests / (horizon - warmUp),
    peak: carrier.peak,
    late: sum.late / sum.renewals,
    lapsed: sum.lapsed / sum.renewals,
  }
}
