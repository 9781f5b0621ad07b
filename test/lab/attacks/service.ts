import { expect } from 'vitest'
import type { Lab } from '../support/lab.ts'
import type { Namespace } from '../support/namespace.ts'
import type { Program } from '../support/program.ts'
import { python } from '../support/python.ts'

// A legitimate host next to an attacker: lan2 searches, asks and maps, and is served as always.

/** Of each kind of call. */
const ROUNDS = 5
/** How often is compared anew: what the machine does besides passes by, what an attack does not. */
const TRIES = 4
/** Milliseconds by which two medians of few calls differ on a machine that is busy with other things. */
const NOISE = 8
/** How many PCP requests one call of `underAttack` causes at most: each port is mapped and deleted. */
export const OWN_REQUESTS = TRIES * 2 * ROUNDS * 2

/** Milliseconds until the answer, the median of the rounds. */
interface Times {
  readonly search: number
  readonly GetExternalIPAddress: number
  readonly AddPortMapping: number
}

let port = 30_000

/** How lan2 is served. Rejects when one call does not succeed. */
export async function serve({ hosts }: Lab, location: string): Promise<Times> {
  const command = python('service.py', location, ROUNDS, (port += ROUNDS))
  return JSON.parse(await hosts.lan2.must(command, { timeout: 60_000 })) as Times
}

/** How often each thing happened. */
export type Counts = Readonly<Record<string, number>>

/**
 * A script that prints "begins", and at SIGTERM its counts. It is nice: on a real LAN the attacker's processor is not the
 * router's, so it gets what the router and its other host leave of ours.
 */
export async function attack(host: Namespace, script: string, ...args: readonly string[]): Promise<Program> {
  const program = host.start(['nice', '-n', '19', '/usr/bin/python3', script, ...args])
  await program.line(/^begins$/)
  return program
}

async function end(program: Program): Promise<Counts> {
  program.signal('SIGTERM')
  const counts = await program.line(/^\{/)
  await program.ended()
  return JSON.parse(counts) as Counts
}

const isServed = (usual: Times, now: Times): boolean =>
  (['search', 'GetExternalIPAddress', 'AddPortMapping'] as const).every(
    (kind) => now[kind] <= 2 * usual[kind] + NOISE,
  )

export interface Attacked {
  /** What each attacker counted. */
  readonly counts: readonly Counts[]
  /** From the first attack to the end of the last, tries that failed included. */
  readonly seconds: number
}

/** lan2 is served within twice its usual time, measured just before, while all these attacks run at once. */
export async function underAttack(
  lab: Lab,
  location: string,
  begin: readonly (() => Promise<Program>)[],
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<Attacked> {
  const seen: string[] = []
  const started = performance.now()
  for (let tries = 0; tries < TRIES; tries++) {
    const usual = await serve(lab, location)
    const programs = await Promise.all(begin.map((each) => each()))
    const now = await serve(lab, location)
    await meanwhile()
    const counts = await Promise.all(programs.map(end))
    seen.push(`usual ${JSON.stringify(usual)}, attacked ${JSON.stringify(now)}`)
    if (!isServed(usual, now)) continue
    console.log(`${seen.at(-1) ?? ''}, attackers ${JSON.stringify(counts)}`)
    return { counts, seconds: (performance.now() - started) / 1000 }
  }
  return expect.fail(`not within twice the usual time\n${seen.join('\n')}`)
}
