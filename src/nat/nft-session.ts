import { after, millis } from '../lib/units.ts'
import type { Child, Runner } from './process.ts'

// A long-lived `nft -i`: a transaction costs a tenth of what starting nft costs, and one that deletes a fiftieth,
// for a process that has deleted waits at its end until the kernel has let go of the old elements.
//
// One line is one transaction. nft acknowledges nothing, so each line is followed by one that must fail: nft reads
// in order, and what it says before that failure belongs to our line. Anything unexpected ends the session.

const LONGEST_WAIT = millis(5_000)
/** nft keeps a history of its lines: it gets slower and bigger with each. */
const MOST_LINES = 1_000
/** An error repeats the line it is about. */
const MOST_HEARD = 256 * 1024

interface Waiting {
  /** The whole failure: what it is, the line, and the marks under the name of the table that is not there. */
  readonly acknowledged: RegExp
  readonly deadline: Disposable
  readonly resolve: (said: string | undefined) => void
  readonly reject: (error: Error) => void
}

export class NftSession {
  readonly #child: Child
  readonly #runner: Runner
  #waiting: Waiting | undefined
  #heard = ''
  #lines = 0
  #open = true

  private constructor(runner: Runner) {
    this.#runner = runner
    this.#child = runner.spawn('nft', ['-i'])
    this.#child.on('error', (error) => this.#end(error))
    this.#child.on('close', () => this.#end(new Error('nft -i has ended')))
    // Writing to an nft that has gone: 'close' tells.
    this.#child.stdin.on('error', () => undefined)
    this.#child.stdout.resume()
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
  }

  /** Rejects where nft has no interactive mode (OpenWrt builds it without) or does not answer as expected. */
  static async open(runner: Runner): Promise<NftSession> {
    const session = new NftSession(runner)
    const said = await session.run('')
    if (said === undefined) return session
    session.close()
    throw new Error(said)
  }

  /** Can it take another line? */
  get usable(): boolean {
    return this.#open && this.#lines < MOST_LINES
  }

  /**
   * One line, one transaction; the next when this one has settled. Resolves with what nft said if it refused the
   * line: then nothing of it was done. Rejects when nft is lost: then nobody knows.
   */
  run(line: string): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      if (!this.#open) throw new Error('nft -i has ended')
      const clock = this.#runner.clock
      const ack = `__ack_${++this.#lines}`
      const acknowledged = new RegExp(`^[^\\n]*\\n[^\\n]*${ack}\\n *\\^+\\n`, 'm')
      const deadline = clock.at(after(clock.now(), LONGEST_WAIT), () =>
        this.#end(new Error('nft -i does not answer')),
      )
      this.#heard = ''
      this.#waiting = { acknowledged, deadline, resolve, reject }
      this.#child.stdin.write(`${line}\nlist table ip ${ack}\n`)
    })
  }

  close(): void {
    this.#end(new Error('nft -i was closed'))
  }

  #hear(text: string): void {
    this.#heard += text
    if (this.#heard.length > MOST_HEARD) this.#end(new Error('nft -i says too much'))
    const end = this.#waiting?.acknowledged.exec(this.#heard)
    if (!end) return
    const said = this.#heard.slice(0, end.index)
    this.#settle()?.resolve(said.includes('Error') ? said : undefined)
  }

  #end(error: Error): void {
    if (!this.#open) return
    this.#open = false
    this.#child.kill('SIGKILL')
    this.#settle()?.reject(error)
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.deadline[Symbol.dispose]()
    return waiting
  }
}
