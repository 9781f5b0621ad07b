import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { call, find, IGD1, IGD2 } from './support/daemon.ts'
import { useLab } from './support/lab.ts'
import type { Namespace } from './support/namespace.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo, TRANSPORTS } from './support/traffic.ts'
import { redirections, upnpc } from './support/upnpc.ts'

// Two LANs and a network behind one of them, their hosts at the same time, and who may do what to whom.

/** A network behind lan2, which routes for it. */
const BEHIND = '10.9.0.5'
const CONFIG = join(process.env['LAB_DIRECTORY'] ?? tmpdir(), 'authority.toml')
writeFileSync(
  CONFIG,
  `[lan]
routed = ["10.9.0.0/24"]
[access]
perHost = 3
rules = ["allow 7900-7999 192.168.77.0/24 1024-65535 by ${ADDRESS.guest}"]
`,
)

const lab = useLab({ nat: 'nftables', flags: ['--config', CONFIG] })

async function at(host: Namespace, tree: typeof IGD1 | typeof IGD2 = IGD2): Promise<string> {
  return (await find(host, tree)) ?? expect.fail('nobody answers a search')
}

const mapping = (client: string, port: number) => ({
  NewRemoteHost: '',
  NewExternalPort: port,
  NewProtocol: 'TCP',
  NewInternalPort: 6000,
  NewInternalClient: client,
  NewEnabled: 1,
  NewPortMappingDescription: 'lab',
  NewLeaseDuration: 600,
})

const key = (port: number) => ({ NewRemoteHost: '', NewExternalPort: port, NewProtocol: 'TCP' })

/** The answer of AddPortMapping on :2. */
const add = async (host: Namespace, client: string, port: number) =>
  await call(host, await at(host), 'AddPortMapping', mapping(client, port))

describe('two LANs at once', () => {
  it.each(TRANSPORTS)('a host of each maps by upnpc and is reached over %s', async (transport) => {
    const { lan1, guest, internet } = lab().hosts
    const [first, second] = [
      { host: lan1, address: ADDRESS.lan1, port: 7000 },
      { host: guest, address: ADDRESS.guest, port: 7001 },
    ] as const
    await Promise.all(
      [first, second].map(async ({ host, address, port }) => {
        await echo(host, transport, 6000)
        await upnpc(host)('-a', address, 6000, port, transport, 600)
      }),
    )
    await lab().carrier.complete()
    for (const { port } of [first, second])
      expect(await ask(internet, { transport, address: ADDRESS.external, port })).toMatch(ADDRESS.internet)
    for (const { host, port } of [first, second]) await upnpc(host)('-d', port, transport)
  })

  it('G6: a port of a host of the other LAN is 718, and its mapping 606 to delete', async () => {
    const { lan1, guest } = lab().hosts
    expect(await add(lan1, ADDRESS.lan1, 7100)).toBe(200)
    expect(await add(guest, ADDRESS.guest, 7100)).toBe(718)
    expect(await call(guest, await at(guest), 'DeletePortMapping', key(7100))).toBe(606)
    expect(redirections(await upnpc(guest)('-l'))).toMatchObject([{ externalPort: 7100 }])
    expect(await call(lan1, await at(lan1), 'DeletePortMapping', key(7100))).toBe(200)
  })

  it('R6970-6-3: the quota of one host leaves the others theirs', async () => {
    const { lan1, lan2, guest } = lab().hosts
    const codes: number[] = []
    for (const port of [7200, 7201, 7202, 7203]) codes.push(await add(lan1, ADDRESS.lan1, port))
    expect(codes).toEqual([200, 200, 200, 728])
    expect(await add(lan2, ADDRESS.lan2, 7203)).toBe(200)
    expect(await add(guest, ADDRESS.guest, 7204)).toBe(200)
  })

  it('R6970-5.8-5: a range delete takes the own and leaves those of both LANs', async () => {
    const { lan1 } = lab().hosts
    const range = { NewStartPort: 7200, NewEndPort: 7299, NewProtocol: 'TCP', NewManage: 1 }
    expect(await call(lan1, await at(lan1), 'DeletePortMappingRange', range)).toBe(200)
    const left = redirections(await upnpc(lan1)('-l'))
    expect(left.map(({ externalPort }) => externalPort).sort()).toEqual([7203, 7204])
  })
})

describe('R6970-6-1: access.rules', () => {
  it('a host that a line names with by maps and deletes for another, and only that', async () => {
    const { guest } = lab().hosts
    expect(await add(guest, ADDRESS.lan1, 7900)).toBe(200)
    expect(await add(guest, ADDRESS.lan1, 7800)).toBe(606)
    expect(await call(guest, await at(guest), 'DeletePortMapping', key(7900))).toBe(200)
  })
})

describe('lan.routed', () => {
  beforeAll(async () => {
    const { cpe, lan2 } = lab().hosts
    await lan2.ip(`addr add ${BEHIND}/32 dev lo`)
    await lan2.ip(`route change 192.168.77.0/24 dev lan src ${BEHIND}`)
    await cpe.ip(`route add 10.9.0.0/24 via ${ADDRESS.lan2}`)
  })

  it('a host behind a router of the LAN finds the device, maps for itself alone, and is reached', async () => {
    const { lan2, internet } = lab().hosts
    const location = (await find(lan2, IGD2, ADDRESS.cpeLan)) ?? expect.fail('not found')
    await echo(lan2, 'TCP', 6000)
    expect(await call(lan2, location, 'AddPortMapping', mapping(BEHIND, 7300))).toBe(200)
    expect(await call(lan2, location, 'AddPortMapping', mapping(ADDRESS.lan2, 7301))).toBe(606)
    await lab().carrier.complete()
    const outside = { transport: 'TCP', address: ADDRESS.external, port: 7300 } as const
    expect(await ask(internet, outside)).toMatch(ADDRESS.internet)
  })
})
