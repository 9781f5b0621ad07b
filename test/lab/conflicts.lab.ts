import { describe, expect, it } from 'vitest'
import { takePort } from './support/carrier.ts'
import { client, NAT_MODES, useLab } from './support/lab.ts'
import { until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { redirections } from './support/upnpc.ts'

const CONFLICT = 'failed with code 718 (ConflictInMappingEntry)'

describe.each(NAT_MODES)('with nat: %s', (nat) => {
  const lab = useLab({ nat })

  it('a second LAN host that asks for a taken port gets 718, and the carrier is not asked', async () => {
    const [first, second] = [await client(lab(), 'lan1'), await client(lab(), 'lan2')]
    await first('-a', ADDRESS.lan1, 6000, 7000, 'TCP', 600)
    const asked = await lab().carrier.pcpRequests()
    expect(asked).toBeGreaterThan(0)
    expect(await second('-a', ADDRESS.lan2, 6000, 7000, 'TCP', 600)).toContain(CONFLICT)
    expect(await lab().carrier.pcpRequests()).toBe(asked)
    expect(redirections(await first('-l'))).toMatchObject([{ externalPort: 7000, address: ADDRESS.lan1 }])
  })

  it('a port that another subscriber has at the carrier gives 718, and nothing stays behind', async () => {
    await takePort(lab().hosts.neighbour, 'UDP', 7100)
    const run = await client(lab())
    const leases = await lab().carrier.leases()
    expect(await run('-a', ADDRESS.lan1, 6000, 7100, 'UDP', 600)).toContain(CONFLICT)
    await until('what the carrier gave instead is deleted', 5_000, async () => {
      return (await lab().carrier.leases()).length === leases.length || undefined
    })
    expect(redirections(await run('-l')).map((row) => row.externalPort)).toEqual([7000])
  })
})
