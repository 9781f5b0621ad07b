import { until } from '../lab/support/program.ts'
import { kernelElements, statusOf } from './samples.ts'
import type { World } from './world.ts'

// At rest the daemon's table, the carrier's and the kernel's hold the same, as lines that can be compared:
// `UDP 7500 100.64.7.2:49152`, and for the kernel, which knows no external port, `UDP 49152`.

interface Tables {
  readonly daemon: readonly string[]
  readonly carrier: readonly string[]
  readonly daemonNat: readonly string[]
  readonly kernel: readonly string[]
}

async function tables(world: World): Promise<Tables> {
  const { mappings, wan } = await statusOf(world)
  const carrier = await world.lab.carrier.leases()
  const inbound = await kernelElements(world, 'inbound')
  return {
    daemon: mappings
      .map((held) => `${held.protocol} ${held.externalPort} ${wan.ipAddress ?? ''}:${held.wanPort ?? 0}`)
      .sort(),
    carrier: carrier
      .map((held) => `${held.protocol} ${held.externalPort} ${held.internalAddress}:${held.internalPort}`)
      .filter((line) => !line.includes(' 100.64.7.9:')) // the neighbour's
      .sort(),
    daemonNat: mappings.map((held) => `${held.protocol} ${held.wanPort ?? 0}`).sort(),
    kernel: inbound.map(endpointOf).sort(),
  }
}

/** `[{concat: ["udp", 49152]}, …]`, or with a timeout `[{elem: {val: {concat: […]}, timeout: …}}, …]`. */
function endpointOf(element: unknown): string {
  const found = /"concat":\["(\w+)",(\d+)\]/.exec(JSON.stringify(element))
  return `${(found?.[1] ?? '').toUpperCase()} ${found?.[2] ?? JSON.stringify(element)}`
}

const same = (one: readonly string[], other: readonly string[]) => one.join('\n') === other.join('\n')

/** Waits until all three agree on so many mappings. */
export async function agreed(world: World, count: number, within: number): Promise<void> {
  let last: Tables | undefined
  await until(
    () =>
      `the daemon, the carrier and the kernel agree on ${count} mappings\n${JSON.stringify(last, null, 1)}`,
    within,
    async () => {
      last = await tables(world)
      const agree = same(last.daemon, last.carrier) && same(last.daemonNat, last.kernel)
      return (agree && last.daemon.length === count) || undefined
    },
  )
}
