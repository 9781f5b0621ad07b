import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** Hundredths of a second: what /proc counts processor time in, on every Linux that Node runs on. */
const TICKS = 100
const LONGEST_START = 20_000
const MOST_OUTPUT = 65_536

/** Resident memory now, and the most there was, in MB. */
export interface Memory {
  readonly resident: number
  readonly peak: number
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
  return { resident: kilobytes('VmRSS') / 1024, peak: kilobytes('VmHWM') / 1024 }
}

/** A program under measurement. */
export class Program {
  readonly #child: ChildProcess
  /** What it said first; some go on talking for ever. */
  #output = ''

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const [file = '', ...args] = command
    this.#child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (data: Buffer) => {
        if (this.#output.length < MOST_OUTPUT) this.#output += data.toString()
      })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resolves when it has printed `text`; rejects when it ends instead. */
  async said(text: string): Promise<void> {
    const started = performance.now()
    while (!this.#output.includes(text)) {
      if (this.#child.exitCode !== null || performance.now() - started > LONGEST_START)
        throw new Error(`it did not say "${text}":\n${this.#output}`)
      await pause(2)
    }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill(signal)
    await ended
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  memory(): Memory {
    return memoryOf(this.pid)
  }

  /** Processor time so far, in seconds. */
  cpu(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / TICKS
  }
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds))
