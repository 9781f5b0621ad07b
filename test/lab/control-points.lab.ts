import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { IGD1, IGD2 } from './support/daemon.ts'
import { type Lab, locate, NAT_MODES, useLab } from './support/lab.ts'
import { until } from './support/program.ts'
import { python } from './support/python.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo, TRANSPORTS } from './support/traffic.ts'
import { grantedPort, redirections, upnpc } from './support/upnpc.ts'

/** Waits until the carrier has, or has no longer, a mapping for every one of these external ports. */
async function mapped(lab: Lab, ports: readonly number[], wanted: boolean): Promise<void> {
  await until(`${ports.join(', ')} mapped: ${wanted}`, 10_000, async () => {
    const open = new Set((await lab.carrier.complete()).map((lease) => lease.externalPort))
    return ports.every((port) => open.has(port) === wanted) || undefined
  })
}

describe.each(NAT_MODES)('with nat: %s, unchanged', (nat) => {
  const lab = useLab({ nat })

  describe('upnpc', () => {
    it('-s shows the external address of the carrier', async () => {
      const printed = await upnpc(lab().hosts.lan1)('-s')
      expect(printed).toContain(`ExternalIPAddress = ${ADDRESS.external}`)
      expect(printed).toContain('Status : Connected')
    })

    it.each(TRANSPORTS)(
      '-a, -l and -d over %s: a mapping made, listed, used and deleted',
      async (transport) => {
        const { lan1, internet } = lab().hosts
        const run = upnpc(lan1)
        const outside = { transport, address: ADDRESS.external, port: 7000 }
        await echo(lan1, transport, 6000)
        expect(grantedPort(await run('-a', ADDRESS.lan1, 6000, 7000, transport, 600))).toBe(7000)
        const [row, ...others] = redirections(await run('-l'))
        expect(others).toEqual([])
        expect(row).toMatchObject({ transport, externalPort: 7000, address: ADDRESS.lan1, port: 6000 })
        expect(row?.lease).toBeGreaterThan(580)
        await lab().carrier.complete()
        expect(await ask(internet, outside)).toMatch(`${ADDRESS.internet}:`)

        expect(await run('-d', 7000, transport)).toContain('UPNP_DeletePortMapping() returned : 0')
        expect(redirections(await run('-l'))).toEqual([])
        expect(await lab().carrier.complete()).toEqual([])
        expect(await ask(internet, outside)).toBeUndefined()
      },
    )

    it('-n and -L, which need the IGD:2 tree: a taken port gives another one', async () => {
      const { lan1, lan2, internet } = lab().hosts
      const location = await locate(lab(), IGD2)
      const [run, second] = [upnpc(lan1, location), upnpc(lan2, location)]
      expect(grantedPort(await run('-n', ADDRESS.lan1, 6001, 7001, 'TCP', 600))).toBe(7001)
      const other = grantedPort(await second('-n', ADDRESS.lan2, 6001, 7001, 'TCP', 600)) ?? 7001
      expect(other).not.toBe(7001)
      await echo(lan2, 'TCP', 6001)
      await lab().carrier.complete()
      const outside = { transport: 'TCP', address: ADDRESS.external, port: other } as const
      expect(await ask(internet, outside)).toMatch(`${ADDRESS.internet}:`)

      expect(redirections(await second('-L'))).toMatchObject([
        { transport: 'TCP', externalPort: other, address: ADDRESS.lan2, port: 6001 },
      ])
      await run('-d', 7001, 'TCP')
      await second('-d', other, 'TCP')
      await mapped(lab(), [7001, other], false)
    })

    it('-r: ports of both protocols in one call', async () => {
      const run = upnpc(lab().hosts.lan1, await locate(lab(), IGD1))
      const printed = await run('-r', 6002, 'TCP', 6003, 7003, 'UDP')
      expect(printed).toMatch(/:6002 TCP is redirected/)
      expect(printed).toMatch(/:7003 UDP is redirected/)
      await mapped(lab(), [6002, 7003], true)
      await run('-d', 6002, 'TCP')
      await run('-d', 7003, 'UDP')
      await mapped(lab(), [6002, 7003], false)
    })
  })

  it('a libtorrent session maps its port, seeds over TCP and uTP to the internet, and cleans up', async () => {
    const { lan1, internet } = lab().hosts
    const seed = lan1.start(python('libtorrent_peer.py', 'seed', ADDRESS.lan1, 6901))
    await seed.line(/^mapped TCP 6901$/)
    await seed.line(/^mapped UDP 6901$/)
    await mapped(lab(), [6901], true)
    for (const transport of TRANSPORTS) {
      const fetch = python('libtorrent_peer.py', 'fetch', transport, ADDRESS.external, 6901)
      expect(await internet.must(fetch)).toBe('fetched\n')
    }
    await seed.stop()
    await mapped(lab(), [6901], false)
  })

  it('transmission-daemon maps its port, is reached, and cleans up', async () => {
    const { lan1, internet } = lab().hosts
    const directory = join(lab().directory, 'transmission')
    await mkdir(directory)
    const flags = ['-f', '--config-dir', directory, '--portmap', '-P', '51413', '--no-auth']
    const transmission = lan1.start(['transmission-daemon', ...flags])
    await transmission.line(/Port forwarding successful/)
    await mapped(lab(), [51_413], true)
    const connect = `import socket; socket.create_connection(("${ADDRESS.external}", 51413), 2)`
    await internet.must(['/usr/bin/python3', '-c', connect])
    await transmission.stop()
    await mapped(lab(), [51_413], false)
  })

  it('libgupnp-igd maps a port and learns the external address with it', async () => {
    const { lan1, internet } = lab().hosts
    await echo(lan1, 'UDP', 40_100)
    const gupnp = lan1.start(python('gupnp_port.py', ADDRESS.lan1, 40_100))
    expect(await gupnp.line(/^mapped/)).toBe(`mapped ${ADDRESS.external} 40100`)
    await mapped(lab(), [40_100], true)
    const outside = { transport: 'UDP', address: ADDRESS.external, port: 40_100 } as const
    expect(await ask(internet, outside)).toMatch(`${ADDRESS.internet}:`)
    await gupnp.stop()
    await mapped(lab(), [40_100], false)
  })
})
