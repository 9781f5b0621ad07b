import { type Latency, latencyOf } from './stats.ts'
import { type Answer, Line, type Target } from './soap.ts'

export interface Load {
  readonly target: Target
  /** The address that call `n` is made from, on the connection of `worker`. */
  readonly hostOf: (n: number, worker: number) => string
  /** How many ask at the same time. */
  readonly connections: number
  /** The octets of call `n` as `host` makes it. */
  readonly call: (n: number, host: string) => Buffer
  readonly calls: number
}

/**
 * Makes all the calls and times each; every worker as many as the others, so that who deletes has what it added. Rejects
 * when one is not answered 200.
 */
export async function load({ call, calls, connections, hostOf, target }: Load): Promise<Latency> {
  const times: number[] = []
  const work = async (worker: number): Promise<void> => {
    const line = new Line(target)
    for (let n = worker; n < calls; n += connections) {
      const host = hostOf(n, worker)
      const octets = call(n, host)
      const started = performance.now()
      const answer = await line.ask(octets, host)
      times.push(performance.now() - started)
      if (answer.status !== 200) throw new Error(refusal(answer))
    }
    line.close()
  }
  const started = performance.now()
  await Promise.all(Array.from({ length: connections }, (_, worker) => work(worker)))
  return latencyOf(times, (performance.now() - started) / 1000)
}

const refusal = ({ status, body }: Answer): string =>
  `${status} ${/<errorCode>(\d+)/.exec(body)?.[1] ?? ''} ${/<errorDescription>([^<]*)/.exec(body)?.[1] ?? body}`
