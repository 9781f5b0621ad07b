import { beforeEach, describe, expect, it } from 'vitest'
import { millis, port, seconds } from '../../src/lib/units.ts'
import { GrantedMappings } from '../../src/pcp/granted.ts'
import { ip } from '../support/fake-carrier.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

let clock: VirtualClock
let granted: GrantedMappings

beforeEach(() => {
  clock = new VirtualClock()
  granted = new GrantedMappings(clock)
})

const external = { address: ip('203.0.114.1'), port: port(7000) }

function grant(nonce: string, lifetime: number): void {
  const mapping = {
    protocol: 'TCP',
    internalAddress: ip('192.168.1.10'),
    internalPort: port(80),
    generation: 1,
  } as const
  const match = { protocol: 6, internalPort: port(80), thirdParty: ip('192.168.1.10') }
  granted.set(nonce, { mapping, match }, said(lifetime))
}

const said = (lifetime: number) =>
  ({ kind: 'granted', external, lifetime: seconds(lifetime), sentAt: millis(clock.now()) }) as const

describe('RFC 6887 §14.2: the mappings that the server may speak of unasked', () => {
  it('are known for their lifetime, and news for no longer', async () => {
    grant('a', 120)
    await clock.advance(119_999)
    expect(granted.find('a')?.mapping).toEqual({
      protocol: 'TCP',
      internalAddress: ip('192.168.1.10'),
      internalPort: port(80),
      generation: 1,
    })
    await clock.advance(1)
    expect(granted.find('a')).toBeUndefined()
    expect(granted.isNews('a', { ...said(120), external: { ...external, port: port(9) } })).toBe(false)
  })

  it('take no timer, and no more room than twice what stands', async () => {
    for (let n = 0; n < 1000; n++) {
      grant(`${n}`, 120)
      await clock.advance(1000)
    }
    expect(clock.pending).toBe(0)
    expect(granted.size).toBeLessThanOrEqual(2 * 120 + 64)
    expect(granted.find('999')).toBeDefined()
  })
})
