import type { Log } from '../lib/log.ts'
import { NftSession } from './nft-session.ts'
import { isMissing, type Runner, run } from './process.ts'

/** nft -i reads a line a character at a time: a longer one is quicker in a process of its own. */
const LONGEST_LINE = 16_384

/** Hands transactions to nft, one at a time: the caller waits for each. */
export class Nft {
  readonly #runner: Runner
  readonly #log: Log
  #session: NftSession | undefined
  #interactive = true

  constructor(runner: Runner, log: Log) {
    this.#runner = runner
    this.#log = log
  }

  /** Runs a script of any form. Rejects with the reason when the kernel refused it, whole. */
  async load(script: string): Promise<void> {
    await nft(this.#runner, ['-f', '-'], script)
  }

  /**
   * Runs commands that fit in a line each, faster. Rejects with the reason when the kernel refused them, all of them,
   * and when nft was lost on the way: then they may have been done.
   */
  async apply(commands: readonly string[]): Promise<void> {
    if (commands.length === 0) return
    const line = commands.join('; ')
    const session = line.length > LONGEST_LINE ? undefined : await this.#usableSession()
    if (!session) return this.load(`${commands.join('\n')}\n`)
    const said = await session.run(line)
    if (said !== undefined) throw new Error(reason(said))
  }

  /** No process is left waiting for changes: one that still comes has its own. */
  close(): void {
    this.#interactive = false
    this.#session?.close()
    this.#session = undefined
  }

  async #usableSession(): Promise<NftSession | undefined> {
    if (!this.#interactive || this.#session?.usable) return this.#session
    this.#session?.close()
    this.#session = undefined
    try {
      this.#session = await NftSession.open(this.#runner)
    } catch (error) {
      this.#interactive = false
      this.#log.info({ reason: String(error) }, 'nft -i does not work here: nft is started for each change')
    }
    return this.#session
  }
}

/** Tries the script without doing it. Undefined if the kernel would take it, else why not. */
export async function check(runner: Runner, script: string): Promise<string | undefined> {
  try {
    await nft(runner, ['-c', '-f', '-'], script)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function nft(runner: Runner, args: readonly string[], input: string): Promise<void> {
  const { code, stderr } = await run(runner, { program: 'nft', args, input }).catch((error: unknown) => {
    throw isMissing(error) ? new Error('nft is not installed: install the package nftables') : error
  })
  if (code !== 0) throw new Error(reason(stderr))
}

/** The first error of what nft said, without its place in the script. */
function reason(said: string): string {
  const [, first = said.trim().slice(0, 200)] = /Error: (.*)/.exec(said) ?? []
  const hint = first.includes('not permitted') ? ' (root or CAP_NET_ADMIN is needed)' : ''
  return `nft: ${first || 'failed without a word'}${hint}`
}
