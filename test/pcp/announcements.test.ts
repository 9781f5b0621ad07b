import { describe, expect, it } from 'vitest'
import { SERVER } from '../support/memory-carrier.ts'
import { linked } from './link-bench.ts'
import { fromHex, ip } from './literals.ts'

const GROUP = { address: ip('224.0.0.1'), port: 5350 }

/** A link that has heard of its server's epoch, a thousand seconds ago. */
async function followed({ natPmpOnly }: { natPmpOnly: boolean }) {
  const bench = await linked({ natPmpOnly })
  await bench.map()
  await bench.clock.advance(1_000_000)
  const { announcements, carrier } = bench
  const announce = (copies = 1, from = SERVER) => {
    for (const { bytes } of carrier.responder.announcements(GROUP, copies)) announcements.receive(bytes, from)
  }
  return { ...bench, announce }
}

const hexOf = (epoch: number): string => epoch.toString(16).padStart(8, '0')

describe('multicast ANNOUNCE (RFC 6887 §14.1)', () => {
  it('C-14.1-3: with a valid epoch it causes nothing', async () => {
    const { announce, carrier, told } = await followed({ natPmpOnly: false })
    const before = carrier.received
    announce()
    expect(told).toEqual([])
    expect(carrier.received).toBe(before)
  })

  it('C-14.1-3: with a strange one it is a hint, and the server is not believed lost', async () => {
    const { announce, carrier, told } = await followed({ natPmpOnly: false })
    carrier.responder.restart()
    announce()
    expect(told).toEqual(['doubt'])
  })

  it.each([
    ['another address', { ...SERVER, address: ip('100.64.0.9') }],
    ['another port of the server', { ...SERVER, port: 5350 }],
  ])('C-14.1-3: from %s it is nothing', async (_what, from) => {
    const { announce, carrier, told } = await followed({ natPmpOnly: false })
    carrier.responder.restart()
    announce(1, from)
    expect(told).toEqual([])
  })

  it('C-14.1-4: ten copies leave the epoch of the last answer as it was', async () => {
    const { announce, carrier, map, told } = await followed({ natPmpOnly: false })
    carrier.responder.restart()
    announce(10)
    expect(told).toEqual(Array(10).fill('doubt'))
    await map()
    expect(told.at(-1)).toBe('lost')
  })

  it.each([
    ['empty', ''],
    ['cut short', '0280 0000 00000000 00000000'],
    ['a request', '0200 0000 00000000 00000000 00000000 00000000 00000000'],
    ['the answer of NAT-PMP to a mapping', '0082 0000 00000000 c000 1f90 00000e10'],
    ['the address of NAT-PMP, from a server that speaks PCP', '0080 0000 00000000 cb007109'],
  ])('what is %s is nothing', async (_what, hex) => {
    const { announcements, clock, told } = await followed({ natPmpOnly: false })
    announcements.receive(fromHex(hex), SERVER)
    await clock.advance(0)
    expect(told).toEqual([])
  })
})

describe('the announced address of a NAT-PMP gateway (RFC 6886 §3.2.1)', () => {
  it.each([
    ['the same, in time', 'cb007101', 0, 0, []],
    ['the same, after a restart', 'cb007101', 1000, 0, ['doubt']],
    ['another', 'cb007109', 0, 0, ['doubt']],
    ['of a failure', '00000000', 1000, 3, []],
  ])('%s', async (_what, address, back, result, hints) => {
    const { announcements, carrier, clock, told } = await followed({ natPmpOnly: true })
    const epoch = hexOf(carrier.responder.epoch() - back)
    announcements.receive(fromHex(`0080 ${result.toString(16).padStart(4, '0')} ${epoch} ${address}`), SERVER)
    await clock.advance(0)
    expect(told).toEqual(hints)
  })
})
