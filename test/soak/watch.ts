import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseLine, type Said } from './explained.ts'
import { type Sample, takeSample } from './samples.ts'
import type { Tally } from './tally.ts'
import type { World } from './world.ts'

const SAMPLE_EVERY = 10_000
const READ_EVERY = 2000

/** Watches a daemon through its lives: a sample every ten seconds, and every line it says. Both go into files at once. */
export class Watch {
  readonly samples: Sample[] = []
  readonly said: Said[] = []
  readonly #world: World
  readonly #directory: string
  readonly #now: () => number
  readonly #began: number
  #life = 0
  #pid: number | undefined
  #read = 0

  constructor(world: World, directory: string, now: () => number) {
    this.#world = world
    this.#directory = directory
    this.#now = now
    this.#began = Date.now() - now() * 1000
  }

  async readLines(): Promise<void> {
    const { daemon } = this.#world.lab
    if (daemon.pid !== this.#pid) {
      this.#pid = daemon.pid
      this.#life += 1
      this.#read = 0
    }
    const news = daemon.said.slice(this.#read)
    this.#read += news.length
    this.said.push(...news.map((line) => parseLine(line, this.#now(), this.#life, this.#began)))
    if (news.length > 0) await appendFile(join(this.#directory, 'daemon.ndjson'), `${news.join('\n')}\n`)
  }

  async sample(): Promise<Sample> {
    await this.readLines()
    const sample = await takeSample(this.#world, this.#now(), this.#life)
    if (sample === undefined) throw new Error('no daemon runs')
    return sample
  }

  async #keep(): Promise<void> {
    const sample = await this.sample()
    this.samples.push(sample)
    await appendFile(join(this.#directory, 'samples.ndjson'), `${JSON.stringify(sample)}\n`)
  }

  /** Until it is aborted. */
  async run(tally: Tally, signal: AbortSignal): Promise<void> {
    for (let n = 1; !signal.aborted; n++) {
      if (n % (SAMPLE_EVERY / READ_EVERY) === 0) await tally.step('sample', () => this.#keep())
      else await this.readLines()
      await sleep(READ_EVERY, undefined, { signal }).catch(() => undefined)
    }
  }
}
