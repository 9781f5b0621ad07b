import { expect, it } from 'vitest'
import { type Ipv4Address, parseIpv4 } from '../../src/lib/ip.ts'
import { port, seconds } from '../../src/lib/units.ts'
import { chain, map } from '../support/chain.ts'
import { add, caller } from '../support/core-bench.ts'
import { mac } from '../support/fake-hosts.ts'

const HOUR = 3_600_000
const LIFETIME = 1800
const HOSTS = 10
const EACH = 100

function host(n: number): Ipv4Address {
  const address = parseIpv4(`192.168.1.${n + 10}`)
  if (!address) throw new RangeError(String(n))
  return address
}

it('T30 R6970-5.10-1: 1,000 mappings, an hour of silence, a host that is another one afterwards', async () => {
  const settings = { maxLifetime: seconds(LIFETIME), quota: 2000 }
  const bench = await chain(settings, 1, 'auto', { perHost: 2 * EACH, total: 2 * HOSTS * EACH })
  const { carrier, clock, core, hosts, within } = bench
  hosts.macs.set(host(0), mac('02:00:00:00:00:0a'))
  const adds = (n: number) =>
    Array.from({ length: EACH }, (_, k) => {
      const request = add({
        externalPort: port(10_000 + n * EACH + k),
        internalPort: port(2000 + k),
        lease: 'infinite',
      })
      return core.iwf.addPortMapping({ ...request, internalClient: host(n) }, caller(host(n)))
    })
  for (let n = 0; n < HOSTS; n++) await within(Promise.all(adds(n)))
  expect(bench.held()).toHaveLength(HOSTS * EACH)

  carrier.responder.faults.dropRequests = 1
  await clock.advance(HOUR / 4)
  // The host dies, and another machine has its address: what HostWatch does then.
  hosts.macs.set(host(0), mac('02:00:00:00:00:0b'))
  expect(core.iwf.forgetHost(host(0), 'gone')).toBe(EACH)
  await clock.advance(HOUR / 2)
  const lastQuarter = carrier.received
  await clock.advance(HOUR / 4)
  // One sign of life every half minute, retransmitted, and nothing for each of the mappings.
  expect(carrier.received - lastQuarter).toBeLessThanOrEqual(120)

  carrier.responder.faults.dropRequests = 0
  const returned = clock.now()
  await clock.advance(60_000)
  expect(carrier.received).toBeGreaterThan(lastQuarter)
  await map(bench, 20_000, host(0))
  await clock.advance(HOUR / 4)
  const others = Array.from({ length: (HOSTS - 1) * EACH }, (_, k) => 10_000 + EACH + k)
  expect(bench.held()).toEqual([...others, 20_000])
  expect(core.iwf.portMappingNumberOfEntries()).toBe(others.length + 1)
  expect(bench.nat.rules.size).toBe(others.length + 1)
  expect(clock.now() - returned).toBeLessThan(HOUR)
}, 120_000)
