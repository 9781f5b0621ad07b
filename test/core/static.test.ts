import { describe, expect, it } from 'vitest'
import { ANY_IPV4 } from '../../src/lib/ip.ts'
import { port } from '../../src/lib/units.ts'
import { HOST, OTHER, add, caller, coreBench, faultOf, key } from '../support/core-bench.ts'

const OPERATOR = { address: ANY_IPV4, version: 2, operator: true } as const

/** Port 8080 is the operator's, and leads to a LAN host. */
async function bench() {
  const made = coreBench()
  await made.answered(made.iwf.addPortMapping(add({ static: true }), OPERATOR))
  return made
}

type Bench = Awaited<ReturnType<typeof bench>>

const attempts: readonly [string, number, ({ iwf }: Bench) => Promise<unknown>][] = [
  ['the host that it leads to adds the port', 729, ({ iwf }) => iwf.addPortMapping(add(), caller())],
  [
    'another host adds the port',
    729,
    ({ iwf }) => iwf.addPortMapping(add({ internalClient: OTHER }), caller(OTHER)),
  ],
  ['the host deletes it', 606, ({ iwf }) => iwf.deletePortMapping(key(), caller())],
  [
    'the host deletes all it has',
    606,
    ({ iwf }) =>
      iwf.deletePortMappingRange(
        { startPort: 1024, endPort: 65_535, protocol: 'TCP', manage: false },
        caller(),
      ),
  ],
]

describe('the operator’s own mapping', () => {
  it.each(attempts)('is not changed when %s: %i', async (_name, code, attempt) => {
    const made = await bench()
    const before = made.carrier.maps.length
    expect(await faultOf(() => made.answered(attempt(made)))).toBe(code)
    expect(made.carrier.maps).toHaveLength(before)
    expect(made.iwf.getGenericPortMappingEntry(0)).toMatchObject({ internalClient: HOST, externalPort: 8080 })
  })

  it('stays when the lease of the host ends', async () => {
    const { iwf } = await bench()
    expect(iwf.forgetHost(HOST, 'gone')).toBe(0)
    expect(iwf.portMappingNumberOfEntries()).toBe(1)
  })

  it('does not keep the host from a port of its own to the same LAN port', async () => {
    const { answered, iwf } = await bench()
    expect(await answered(iwf.addAnyPortMapping(add({ externalPort: port(9000) }), caller()))).toBe(9000)
  })

  it('is still the operator’s after a restart, and goes when the operator deletes it', async () => {
    const { answered, iwf, start } = await (await bench()).restarted()
    void start()
    expect(await faultOf(() => answered(iwf.deletePortMapping(key(), caller())))).toBe(606)
    await answered(iwf.deletePortMapping(key(), OPERATOR))
    expect(iwf.portMappingNumberOfEntries()).toBe(0)
  })

  it('takes no port that a LAN host has', async () => {
    const { answered, iwf } = coreBench()
    await answered(iwf.addPortMapping(add(), caller()))
    expect(await faultOf(() => iwf.addPortMapping(add({ static: true }), OPERATOR))).toBe(718)
  })
})
