import { describe, expect, it } from 'vitest'
import { get } from './support/daemon.ts'
import { client, useLab } from './support/lab.ts'
import { ADDRESS } from './support/topology.ts'

const LISTEN = '127.0.0.1:9188'

describe('metrics', () => {
  const lab = useLab({ nat: 'nftables', environment: { IGD_PCP_METRICS_LISTEN: LISTEN } })

  const scraped = () => get(lab().hosts.cpe, `http://${LISTEN}/metrics`)

  it('a program on the router reads them, as mappings come and go', async () => {
    const upnpc = await client(lab())
    expect(await scraped()).toContain('igd_pcp_mappings{state="active"} 0\n')
    await upnpc('-a', ADDRESS.lan1, 8080, 8080, 'TCP', 600)
    const text = await scraped()
    expect(text).toContain('igd_pcp_mappings{state="active"} 1\n')
    expect(text).toContain('igd_pcp_requests_total{action="AddPortMapping",code="200"} 1\n')
    expect(text).toMatch(/^igd_pcp_nat_change_seconds_count [1-9]/m)
    expect(text).toMatch(/^igd_pcp_carrier_round_trip_seconds_count [1-9]/m)
    expect(text).toMatch(/^igd_pcp_state_write_seconds_count [1-9]/m)
    await upnpc('-d', 8080, 'TCP')
    expect(await scraped()).toContain('igd_pcp_mappings{state="active"} 0\n')
  })

  it('nobody on the LAN, and not the carrier', async () => {
    const { carrier, lan1 } = lab().hosts
    expect(await get(lan1, `http://${ADDRESS.cpeLan}:9188/metrics`)).toBeUndefined()
    expect(await get(carrier, `http://${ADDRESS.cpeWan}:9188/metrics`)).toBeUndefined()
  })
})
