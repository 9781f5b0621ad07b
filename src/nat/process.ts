import { codeOf } from '../lib/error-code.ts'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../lib/clock.ts'
import { after, millis } from '../lib/units.ts'

// Programs are started without a shell, with arguments and input made of parsed values only.

/** A running program, as far as we use one. */
export interface Child {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: (code: number | null) => void): unknown
  kill(signal: 'SIGKILL'): unknown
}

export type Spawn = (program: string, args: readonly string[]) => Child

/** What it takes to run a program. */
export interface Runner {
  readonly clock: Clock
  readonly spawn: Spawn
}

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly input?: string
  /** Hears standard output line by line; without it, that is thrown away. */
  readonly onLine?: (line: string) => void
}

export interface Outcome {
  /** Null when a signal ended it. */
  readonly code: number | null
  /** At most the first 4096 characters. */
  readonly stderr: string
}

const LONGEST_RUN = millis(20_000)
const MOST_STDERR = 4096

/** Not every service manager has the sbin directories in its PATH. No HOME: `nft -i` would keep a history there. */
export const spawnProgram: Spawn = (program, args) =>
  spawn(program, args, {
    env: {
      PATH: [process.env['PATH'], '/usr/sbin', '/sbin', '/usr/bin', '/bin'].filter(Boolean).join(':'),
      HOME: '/dev/null',
      LC_ALL: 'C',
    },
  })

/** Resolves when the program has ended, however it did. Rejects when it cannot be started or never ends. */
export function run({ clock, spawn }: Runner, command: Command): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.program, command.args)
    const deadline = clock.at(after(clock.now(), LONGEST_RUN), () => {
      child.kill('SIGKILL')
      reject(new Error(`${command.program} did not end within ${LONGEST_RUN / 1000} s`))
    })
    let stderr = ''
    child.on('error', (error) => {
      deadline[Symbol.dispose]()
      reject(error)
    })
    child.on('close', (code) => {
      deadline[Symbol.dispose]()
      resolve({ code, stderr })
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(0, MOST_STDERR)
    })
    if (command.onLine) createInterface({ input: child.stdout }).on('line', command.onLine)
    else child.stdout.resume()
    endInput(child, command.input ?? '')
  })
}

/** A program may end before it has read everything (EPIPE); what it said and how it ended tell the reason. */
function endInput(child: Child, input: string): void {
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
}

/** Did a program not start because it is not there? */
export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT'
