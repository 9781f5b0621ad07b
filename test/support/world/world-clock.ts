import { type Millis, after, millis } from '../../../src/lib/units.ts'
import { VirtualClock } from '../virtual-clock.ts'

/** How often is looked at a world in which nothing changes, at least. */
const RARELY = 600_000
/** How many looks follow a change in their own time. */
const SOON = 3

interface Looking {
  readonly span: Millis
  readonly look: () => void
  /** Looks that are still to come in their own time. */
  soon: number
  due: number
  timer: Disposable
}

/**
 * A clock whose looks (`Clock.every`) come in their own time after the world changed, and seldom while it does not: by
 * its contract a look that finds all as it was does nothing, and a day has 172,800 half seconds.
 */
export class WorldClock extends VirtualClock {
  /** Called after each step, when all that it led to is done. */
  afterStep: () => void = () => undefined
  readonly #looks = new Set<Looking>()

  override every(span: Millis, look: () => void): Disposable {
    const looking: Looking = {
      span,
      look,
      soon: SOON,
      due: Infinity,
      timer: { [Symbol.dispose]: () => undefined },
    }
    this.#looks.add(looking)
    this.#arm(looking)
    return {
      [Symbol.dispose]: () => {
        looking.timer[Symbol.dispose]()
        this.#looks.delete(looking)
      },
    }
  }

  /** Something changed that nobody is told of. */
  touched(): void {
    for (const looking of this.#looks) {
      looking.soon = SOON
      if (looking.due > after(this.now(), looking.span)) this.#arm(looking)
    }
  }

  protected override stepped(): void {
    this.afterStep()
  }

  #arm(looking: Looking): void {
    const { span } = looking
    looking.timer[Symbol.dispose]()
    looking.due = after(this.now(), looking.soon > 0 ? span : millis(Math.max(span, RARELY)))
    looking.timer = this.at(millis(looking.due), () => {
      looking.soon--
      this.#arm(looking)
      looking.look()
    })
  }
}
