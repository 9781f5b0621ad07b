import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds until the program is killed. */
  readonly timeout?: number
}

/** Runs a program to its end. A failing one is a result, not an error; one that had to be killed has code -1. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [file = '', ...args] = command
  const { input = '', env = process.env, timeout = 20_000 } = options
  return new Promise((resolve) => {
    const child = execFile(file, args, { env, timeout }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, stdout, stderr })
    })
    child.stdin?.on('error', () => undefined) // EPIPE: the program ended without reading, its code says why
    child.stdin?.end(input)
  })
}

/** Runs a program that has to succeed and gives what it printed. */
export async function must(command: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, options)
  if (code !== 0) throw new Error(`${command.join(' ')}: exit ${code}\n${stderr}${stdout}`)
  return stdout
}

/** Asks every 50 ms until the answer is something; after `within` milliseconds an error that says `what`. */
export async function until<T>(
  what: string | (() => string),
  within: number,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + within
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > end) {
      throw new Error(`not within ${within} ms: ${typeof what === 'string' ? what : what()}`)
    }
    await sleep(50)
  }
}

/** A program that runs beside the test, with everything it printed. Ended by its own id, never by name. */
export class Program implements AsyncDisposable {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #name: string
  #running = true
  readonly #ended: Promise<number>

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const [file = '', ...args] = command
    this.#name = command.join(' ')
    const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#collect(child.stdout)
    this.#collect(child.stderr)
    this.#child = child
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => {
        this.lines.push(error.message)
        resolve(-1)
      })
      child.once('close', (code) => {
        this.#running = false
        resolve(code ?? -1)
      })
    })
  }

  #collect(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => this.lines.push(line))
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  get running(): boolean {
    return this.#running
  }

  /** The first line that matches, when it has come. */
  async line(match: RegExp, within = 10_000): Promise<string> {
    const what = () => `${match.source} from ${this.#name}\n${this.tail()}`
    return until(what, within, () => {
      const found = this.lines.find((line) => match.test(line))
      if (found === undefined && !this.running) throw new Error(`it ended: ${what()}`)
      return found
    })
  }

  /** The last lines, for the message of a failed test. */
  tail(count = 40): string {
    return this.lines.slice(-count).join('\n')
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** The exit code, -1 when a signal ended it. Kills what has not ended `within` milliseconds. */
  async ended(within = 5_000): Promise<number> {
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), within)
    const code = await this.#ended
    clearTimeout(kill)
    return code
  }

  /** Ends it and gives the exit code. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    this.signal(name)
    return this.ended()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) await this.stop()
  }
}
