import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Capture } from './support/capture.ts'
import { find, get, HTTP_PORT, IGD1 } from './support/daemon.ts'
import { useNetwork } from './support/lab.ts'
import { until } from './support/program.ts'
import { python } from './support/python.ts'
import { ADDRESS } from './support/topology.ts'
import { grantedPort, redirections, upnpc } from './support/upnpc.ts'

const SIDES = [
  { side: 'LAN', host: 'lan1', own: ADDRESS.lan1, router: ADDRESS.cpeLan, port: 6100 },
  { side: 'guest LAN', host: 'guest', own: ADDRESS.guest, router: ADDRESS.cpeGuest, port: 6200 },
] as const

const locationAt = (router: string) => `http://${router}:${HTTP_PORT}/igd1.xml`

/** A DHCP server is not needed for the addresses of the guest LAN to change. */
const MOVED = '192.168.78.2'

describe('two LANs and a WAN', () => {
  const lab = useNetwork({ nat: 'nftables' })
  let capture: Capture

  beforeAll(async () => {
    capture = await Capture.ofLeaving(lab().hosts.cpe, 'wan', join(lab().directory, 'wan.pcap'))
    await lab().daemon.start()
  })

  const mapped = (port: number, wanted: boolean) =>
    until(`${port} mapped: ${wanted}`, 15_000, async () => {
      const ports = (await lab().carrier.complete()).map(({ externalPort }) => externalPort)
      return ports.includes(port) === wanted || undefined
    })

  it('G20: gssdp-discover finds one router in each, at its own address', async () => {
    await Promise.all(
      SIDES.map(async ({ host, router }) => {
        const discover = ['gssdp-discover', '-i', 'lan', '--timeout=2', '-t', IGD1]
        const found = await lab().hosts[host].must(discover)
        expect([...found.matchAll(/Location: +(\S+)/g)].map(([, location]) => location)).toEqual([
          locationAt(router),
        ])
      }),
    )
  })

  it('upnpc in both at once, each with a mapping of its own', async () => {
    await Promise.all(
      SIDES.map(async ({ host, own, port }) => {
        const run = upnpc(lab().hosts[host])
        expect(grantedPort(await run('-a', own, 6000, port, 'TCP', 600))).toBe(port)
        expect(redirections(await run('-l'))).toContainEqual(
          expect.objectContaining({ externalPort: port, address: own }),
        )
        expect(await run('-d', port, 'TCP')).toContain('UPNP_DeletePortMapping() returned : 0')
      }),
    )
  })

  it('libtorrent in both at once', async () => {
    const seeds = SIDES.map(({ host, own, port }) =>
      lab().hosts[host].start(python('libtorrent_peer.py', 'seed', own, port + 1)),
    )
    for (const { port } of SIDES) await mapped(port + 1, true)
    await Promise.all(seeds.map((seed) => seed.stop()))
    for (const { port } of SIDES) await mapped(port + 1, false)
  })

  it('transmission-daemon in both at once', async () => {
    const running = await Promise.all(
      SIDES.map(async ({ host, port }) => {
        const directory = join(lab().directory, `transmission-${host}`)
        await mkdir(directory)
        const flags = ['-f', '--config-dir', directory, '--portmap', '-P', String(port + 2), '--no-auth']
        return lab().hosts[host].start(['transmission-daemon', ...flags])
      }),
    )
    for (const { port } of SIDES) await mapped(port + 2, true)
    await Promise.all(running.map((program) => program.stop()))
    for (const { port } of SIDES) await mapped(port + 2, false)
  })

  it('libgupnp-igd in both at once', async () => {
    const running = SIDES.map(({ host, own, port }) =>
      lab().hosts[host].start(python('gupnp_port.py', own, port + 3)),
    )
    for (const program of running) await program.line(/^mapped/)
    await Promise.all(running.map((program) => program.stop()))
    for (const { port } of SIDES) await mapped(port + 3, false)
  })

  it('a LAN whose address changes is found at the new one, and maps', async () => {
    const { cpe, guest } = lab().hosts
    await cpe.ip(`addr del ${ADDRESS.cpeGuest}/24 dev guest`, `addr add ${MOVED}/24 dev guest`)
    await until('the new LOCATION', 15_000, async () =>
      (await find(guest, IGD1)) === locationAt(MOVED) ? true : undefined,
    )
    expect(await get(guest, locationAt(MOVED))).toContain(`http://${MOVED}:${HTTP_PORT}/`)
    expect(grantedPort(await upnpc(guest)('-a', ADDRESS.guest, 6000, 6210, 'UDP', 600))).toBe(6210)
  })

  it('a LAN whose interface vanishes harms no other, and is served again when it is back', async () => {
    const { cpe, guest, lan1 } = lab().hosts
    await cpe.ip('link del guest')
    await until('a log line', 10_000, () =>
      lab().daemon.log().includes('the LANs changed') ? true : undefined,
    )
    expect(await find(lan1, IGD1)).toBe(locationAt(ADDRESS.cpeLan))
    await guest.connect('lan', cpe, 'guest')
    await guest.ip(`addr add ${ADDRESS.guest}/24 dev lan`, `route add default via ${ADDRESS.cpeGuest}`)
    await cpe.ip(`addr add ${ADDRESS.cpeGuest}/24 dev guest`)
    await until('the LOCATION', 15_000, async () =>
      (await find(guest, IGD1)) === locationAt(ADDRESS.cpeGuest) ? true : undefined,
    )
    expect(grantedPort(await upnpc(guest)('-a', ADDRESS.guest, 6000, 6220, 'TCP', 600))).toBe(6220)
  })

  it('G20: not one octet of SSDP or HTTP left by the WAN, from start to stop', async () => {
    expect(await lab().daemon.stop()).toBe(0)
    await capture.stop()
    expect(await capture.packets('udp port 5351')).not.toEqual([])
    expect(
      await capture.packets(`udp port 1900 or tcp port ${HTTP_PORT} or igmp or net 224.0.0.0/4`),
    ).toEqual([])
    expect(await capture.packets('port 53')).toEqual([])
  })

  afterAll(() => capture.stop())
})
