import { describe, expect, it } from 'vitest'
import { add, caller, coreBench } from '../support/core-bench.ts'
import { ip } from '../support/fake-carrier.ts'

/** What the LAN is told at each event. */
async function watched({ isMapped }: { readonly isMapped: boolean }) {
  const bench = coreBench()
  void bench.start()
  await bench.clock.advance(1000)
  if (isMapped) await bench.answered(bench.iwf.addPortMapping(add(), caller()))
  const told: string[] = []
  bench.context.changes.listen(
    () => void told.push(`${bench.iwf.connectionStatus()} ${bench.iwf.externalIpAddress()}`),
  )
  return { ...bench, told }
}

describe('R6970-5.10-2 R6970-5.10-4: another address towards the carrier', () => {
  it.each([
    ['with mappings', true],
    ['without any', false],
  ])('%s: the LAN is told the external address there', async (_what, isMapped) => {
    const { carrier, clock, events, told } = await watched({ isMapped })
    carrier.externalAddress = ip('203.0.114.77')
    events.switched()
    await clock.advance(10_000)
    expect(told.at(-1)).toBe('Connected 203.0.114.77')
  })

  it('the same external address as before: mappings are made anew and the LAN hears nothing', async () => {
    const { carrier, clock, events, told } = await watched({ isMapped: true })
    carrier.maps.splice(0)
    events.switched()
    await clock.advance(10_000)
    expect([carrier.maps.length, told]).toEqual([1, []])
  })
})

describe('no address towards the carrier', () => {
  it('is an event, and its return another; the mapping stays as it is', async () => {
    const { clock, events, told } = await watched({ isMapped: true })
    events.lost()
    await clock.advance(60_000)
    events.returned()
    await clock.advance(10_000)
    expect(told).toEqual(['Disconnected 203.0.114.1', 'Connected 203.0.114.1'])
  })
})
