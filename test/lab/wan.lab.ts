import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Capture } from './support/capture.ts'
import { find, get, HTTP_PORT, IGD1 } from './support/daemon.ts'
import { client, locate, NAT_MODES, useNetwork } from './support/lab.ts'
import { ADDRESS } from './support/topology.ts'

const PCP = `udp and dst host ${ADDRESS.carrier} and dst port 5351`
/** What the kernel itself answers to a closed port. */
const REFUSAL = 'icmp or tcp[tcpflags] & tcp-rst != 0'

describe.each(NAT_MODES)('with nat: %s', (nat) => {
  const lab = useNetwork({ nat })

  it('from start to stop nothing leaves the WAN but PCP to the carrier', async () => {
    const { cpe, neighbour } = lab().hosts
    const capture = await Capture.ofLeaving(cpe, 'wan', join(lab().directory, 'wan.pcap'))
    await lab().daemon.start()
    const location = await locate(lab(), IGD1)
    await (await client(lab()))('-a', ADDRESS.lan1, 6000, 7000, 'TCP', 600)

    expect(await find(neighbour, IGD1)).toBeUndefined()
    expect(await find(neighbour, IGD1, ADDRESS.cpeWan)).toBeUndefined()
    const path = new URL(location).pathname
    expect(await get(neighbour, `http://${ADDRESS.cpeWan}:${HTTP_PORT}${path}`)).toBeUndefined()
    expect(await lab().daemon.stop()).toBe(0)
    await capture.stop()

    expect(await capture.packets(PCP)).not.toEqual([])
    expect(await capture.packets('udp port 1900 or igmp')).toEqual([])
    expect(await capture.packets(`ip and not (${PCP}) and not (${REFUSAL})`)).toEqual([])
  })

  it('who sends to the LAN address through the WAN gets no description', async () => {
    const { neighbour } = lab().hosts
    await lab().daemon.start()
    const location = await locate(lab(), IGD1)
    await neighbour.ip(`route add ${ADDRESS.cpeLan}/32 via ${ADDRESS.cpeWan}`)
    expect(await get(neighbour, location)).toBeUndefined()
    await lab().daemon.stop()
  })

  it('each LAN gets its own address as LOCATION', async () => {
    const { lan1, guest } = lab().hosts
    await lab().daemon.start()
    expect(await find(lan1, IGD1)).toMatch(`http://${ADDRESS.cpeLan}:${HTTP_PORT}/`)
    expect(await find(guest, IGD1)).toMatch(`http://${ADDRESS.cpeGuest}:${HTTP_PORT}/`)
    await lab().daemon.stop()
  })
})
