import { describe, expect, it } from 'vitest'
import { useLab } from './support/lab.ts'
import { python } from './support/python.ts'
import { ADDRESS } from './support/topology.ts'
import { upnpc } from './support/upnpc.ts'

const service = (name: string) => `urn:schemas-upnp-org:service:${name}`

describe('GUPnP as a subscriber', () => {
  const lab = useLab({ nat: 'nftables' })

  it('G22: sees what is, an add and a delete', async () => {
    const { lan1, lan2 } = lab().hosts
    const variables = [
      'ExternalIPAddress',
      'ConnectionStatus',
      'PortMappingNumberOfEntries',
      'SystemUpdateID',
    ]
    const subscriber = lan1.start(python('gupnp_events.py', service('WANIPConnection:2'), ...variables))
    await subscriber.line(/^found http:\/\/192\.168\.77\.1:5000\/igd2\.xml$/)
    await subscriber.line(new RegExp(`^ExternalIPAddress ${ADDRESS.external}$`))
    await subscriber.line(/^ConnectionStatus Connected$/)
    await subscriber.line(/^PortMappingNumberOfEntries 0$/)

    const run = upnpc(lan2)
    await run('-a', ADDRESS.lan2, 6000, 7000, 'TCP', 600)
    await subscriber.line(/^PortMappingNumberOfEntries 1$/)
    const added = subscriber.lines.length
    await run('-d', 7000, 'TCP')
    await subscriber.line(/^SystemUpdateID 2$/)
    expect(subscriber.lines.slice(added)).toEqual(['PortMappingNumberOfEntries 0', 'SystemUpdateID 2'])
    expect(await subscriber.stop()).toBe(0)
  })

  it('sees the link of the WAN go down and up', async () => {
    const { cpe, lan1 } = lab().hosts
    const watched = [service('WANCommonInterfaceConfig:1'), 'PhysicalLinkStatus']
    const subscriber = lan1.start(python('gupnp_events.py', ...watched))
    await subscriber.line(/^PhysicalLinkStatus Up$/)
    await cpe.ip('link set wan down')
    await subscriber.line(/^PhysicalLinkStatus Down$/)
    await cpe.ip('link set wan up', `route add default via ${ADDRESS.carrier}`)
    const down = subscriber.lines.length
    await expect
      .poll(() => subscriber.lines.slice(down), { timeout: 10_000 })
      .toContain('PhysicalLinkStatus Up')
    expect(await subscriber.stop()).toBe(0)
  })
})
