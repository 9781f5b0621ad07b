import type { Clock } from '../lib/clock.ts'
import { type Millis, type Seconds, after, seconds, toMillis } from '../lib/units.ts'
import type { ResultName } from '../pcp/wire/constants.ts'
import { Fault } from './fault.ts'
import type { Claim } from './mapping.ts'
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
type Asked = Pick<Claim, 'protocol' | 'client' | 'internalPort'>

const keyOf = ({ client, internalPort, protocol }: Asked, { externalPort, remoteHost }: Wish): string =>
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
  check(asked: Asked, wish: Wish): void {
    const now = this.#clock.now()
    const hold = [this.#refused.get(keyOf(asked, wish)), this.#frozen].find(
      (held) => held && held.until > now,
    )
    if (hold) throw new Fault(errorOf(hold.result, 2), `the carrier answered ${hold.result} a moment ago`)
  }

  /** §11.4: after NO_RESOURCES nothing new is asked for at all; any other refusal is for this request alone. */
  note(asked: Asked, wish: Wish, { lifetime, result }: PcpRefused): void {
    const hold = (most: Seconds): Hold => ({
      result,
      until: after(this.#clock.now(), toMillis(seconds(Math.min(most, holdTime(result, lifetime))))),
    })
    if (result === 'NO_RESOURCES') this.#frozen = hold(LONGEST_FREEZE)
    else this.#remember(keyOf(asked, wish), hold(seconds(Infinity)))
  }

  /** RFC 6887 §8.1: hold times are not carried over to another server. */
  clear(): void {
    this.#refused.clear()
    this.#frozen = undefined
  }

  #remember(key: string, hold: Hold): void {
    this.#refused.delete(key)
    this.#refused.set(key, hold)
    for (const oldest of this.#refused.keys()) {
      if (this.#refused.size <= REMEMBERED) break
      this.#refused.delete(oldest)
    }
  }
}
