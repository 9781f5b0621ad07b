import { describe, expect, it } from 'vitest'
import { find, get, IGD1 } from './support/daemon.ts'
import { useNetwork } from './support/lab.ts'
import { until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'

// docs/troubleshooting.md: what each is told to do cures it. What other tests show already is not here.

describe('docs/troubleshooting.md', () => {
  const lab = useNetwork({ nat: 'nftables' })

  const says = (match: RegExp) =>
    until(`status says ${match.source}`, 5_000, async () => match.exec(await lab().daemon.status())?.[0])
  const works = () => says(/^Port mapping works: the carrier answers\.$/m)

  /** Sees the packets of the CPE as from another address, as a NAT on the way shows them. */
  const NAT_BETWEEN = `table ip between {
	chain input {
		type nat hook input priority 100;
		ip saddr ${ADDRESS.cpeWan} udp dport 5351 snat to 100.64.7.77
	}
}`

  it('another NAT in between: that one away, and a restart', async () => {
    const { carrier } = lab().hosts
    await carrier.nft(NAT_BETWEEN)
    await lab().daemon.start()
    await says(/^error: another NAT stands between .*ADDRESS_MISMATCH.*bridge mode and restart igd-pcp/m)
    await carrier.nft('delete table ip between')
    await carrier.must(['conntrack', '-D', '-p', 'udp'])
    await lab().daemon.stop()
    await lab().daemon.start()
    await works()
  })

  it('a LAN without an address: it goes on when there is one', async () => {
    const { cpe } = lab().hosts
    await cpe.ip('addr flush dev guest')
    await says(/^warning: these LANs have no IPv4 address \(guest\); see "ip address"/m)
    await cpe.ip(`addr add ${ADDRESS.cpeGuest}/24 dev guest`)
    await works()
  })

  it('no device finds it: the firewall lets UDP port 1900 and TCP port 5000 in from the LAN', async () => {
    const { cpe, lan1 } = lab().hosts
    await cpe.nft(`table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
	}
}`)
    expect(await find(lan1, IGD1)).toBeUndefined()
    await cpe.must(['nft', 'add rule inet filter input iifname "lan" udp dport 1900 accept'])
    const location = (await find(lan1, IGD1)) ?? 'no device is found'
    expect(await get(lan1, location)).toBeUndefined()
    await cpe.must(['nft', 'add rule inet filter input iifname "lan" tcp dport 5000 accept'])
    expect(await get(lan1, location)).toContain('InternetGatewayDevice:1')
    await cpe.nft('delete table inet filter')
  })

  it('without the masquerade rule of the router TCP works and pings do not', async () => {
    const { cpe, internet, lan1 } = lab().hosts
    const ping = async () => (await lan1.run(['ping', '-c', '1', '-W', '1', ADDRESS.internet])).code === 0
    await echo(internet, 'TCP', 9000)
    expect(await ping()).toBe(true)
    await cpe.nft('flush chain inet router postrouting')
    expect(await ping()).toBe(false)
    const target = { transport: 'TCP', address: ADDRESS.internet, port: 9000 } as const
    expect(await ask(lan1, target)).toMatch(`${ADDRESS.external}:`)
    await cpe.must(['nft', 'add rule inet router postrouting oifname "wan" masquerade'])
    expect(await ping()).toBe(true)
  })
})
