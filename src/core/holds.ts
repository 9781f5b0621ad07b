import type { Clock } from '../lib/clock.ts'
import { remember } from '../lib/remember.ts'
import { type Millis, after, seconds, toMillis } from '../lib/units.ts'
import type { ResultName } from '../pcp/wire/constants.ts'
import { Fault } from './fault.ts'
import type { LanPort } from './mapping.ts'
import type { PcpRefused } from './ports.ts'
import { holdTime } from './renewal.ts'
import { errorOf } from './rfc6970.ts'
import type { Wish } from './translate.ts'

interface Hold {
  readonly result: ResultName | 'UNKNOWN'
  readonly until: Millis
}

/** No freeze is believed for longer: one forged or mad answer must not shut everybody out (RFC 6887 §18.3.1). */
const LONGEST_FREEZE = seconds(300)
/** How many refusals are remembered; the oldest give way. */
const REMEMBERED = 1024

/** What makes two requests the same one, the WAN port aside, which we choose. */
const keyOf = ({ client, internalPort, protocol }: LanPort, { externalPort, remoteHost }: Wish): string =>
  [protocol, client, internalPort, externalPort, remoteHost].join(' ')

/** What the carrier refused and does not want asked again yet (RFC 6887 §8.3, §11.4). */
export class Holds {
  readonly #clock: Clock
  readonly #refused = new Map<string, Hold>()
  #frozen: Hold | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Throws the fault that asking the carrier would give. */
  check(asked: LanPort, wish: Wish): void {
    const now = this.#clock.now()
    const hold = [this.#refused.get(keyOf(asked, wish)), this.#frozen].find(
      (held) => held && held.until > now,
    )
    if (hold) throw new Fault(errorOf(hold.result, 2), `the carrier answered ${hold.result} a moment ago`)
  }

  /** §11.4: after NO_RESOURCES nothing new is asked for at all; any other refusal is for this request alone. */
  note(asked: LanPort, wish: Wish, { lifetime, result }: PcpRefused): void {
    const hold = (most = Infinity): Hold => ({
      result,
      until: after(this.#clock.now(), toMillis(seconds(Math.min(most, holdTime(result, lifetime))))),
    })
    if (result === 'NO_RESOURCES') this.#frozen = hold(LONGEST_FREEZE)
    else remember(this.#refused, keyOf(asked, wish), hold(), REMEMBERED)
  }

  /** RFC 6887 §8.1: hold times are not carried over to another server. */
  clear(): void {
    this.#refused.clear()
    this.#frozen = undefined
  }
}
