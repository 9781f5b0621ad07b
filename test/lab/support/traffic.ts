import { setTimeout as sleep } from 'node:timers/promises'
import type { Namespace } from './namespace.ts'
import type { Program } from './program.ts'
import { python } from './python.ts'

export type Transport = 'TCP' | 'UDP'
export const TRANSPORTS = ['TCP', 'UDP'] as const

/** Where a call goes. */
export interface Target {
  readonly transport: Transport
  readonly address: string
  readonly port: number
}

const words = (target: Target) => [target.transport, target.address, target.port] as const

/** A server that answers every message with the address and port it came from. */
export async function echo(host: Namespace, transport: Transport, port: number): Promise<Program> {
  const server = host.start(python('traffic.py', 'echo', transport, port))
  await server.line(/^ready$/)
  return server
}

/** Sends one message and gives the answer of an `echo`: as whom it saw the caller. Undefined for none. */
export async function ask(host: Namespace, target: Target, sourcePort = 0): Promise<string | undefined> {
  const { code, stdout } = await host.run(python('traffic.py', 'ask', ...words(target), sourcePort))
  return code === 0 ? stdout.trim() : undefined
}

/** A connection that asks an `echo` ten times a second and prints every answer. */
export async function flow(host: Namespace, target: Target): Promise<Program> {
  const running = host.start(python('traffic.py', 'flow', ...words(target)))
  await running.line(/:\d+$/)
  return running
}

/** How many answers come over it in two seconds: about twenty, or none once it is cut off. */
export async function answers(running: Program): Promise<number> {
  const before = running.lines.length
  await sleep(2_000)
  return running.lines.length - before
}
