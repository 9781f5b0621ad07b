import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Closers } from '../../src/lib/closers.ts'
import { client, openLab, type Lab } from './support/lab.ts'
import { must, until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'
import { grantedPort, redirections, type Upnpc } from './support/upnpc.ts'

/** KiB: enough for what is kept, and soon full. */
const SIZE = 256
const outside = { transport: 'UDP', address: ADDRESS.external, port: 7000 } as const

describe('a state directory on a disk of its own', () => {
  const closers = new Closers((error) => console.error(error))
  let lab: Lab
  let state = ''
  beforeAll(async () => {
    lab = await openLab({ nat: 'nftables' }, closers)
    state = join(lab.directory, 'state')
    await mkdir(state)
    await must(['mount', '-t', 'tmpfs', '-o', `size=${SIZE}k,mode=700`, 'tmpfs', state])
    closers.defer(async () => {
      await must(['umount', state])
    })
    await lab.daemon.start()
  })
  afterAll(async () => {
    await lab.daemon.stop()
    await closers[Symbol.asyncDispose]()
  })

  const add = async (upnpc: Upnpc, port: number) =>
    grantedPort(await upnpc('-a', ADDRESS.lan1, port - 1000, port, 'UDP', 3600))
  const listed = async (upnpc: Upnpc) =>
    redirections(await upnpc('-l')).map(({ externalPort }) => externalPort)
  const held = async () => (await lab.carrier.complete()).map(({ externalPort }) => externalPort)
  const problem = async () => (await lab.daemon.status()).includes(`nothing can be written to ${state}`)
  const told = () => lab.daemon.said.filter((line) => line.includes('nothing can be written to state.dir'))

  it('that is full: what is mapped goes on and can be deleted, new mappings are refused until there is room', async () => {
    const upnpc = await client(lab)
    await echo(lab.hosts.lan1, 'UDP', 6000)
    expect([await add(upnpc, 7000), await add(upnpc, 7001)]).toEqual([7000, 7001])
    const ballast = join(state, 'ballast')
    const fill = writeFile(ballast, Buffer.alloc(2 * SIZE * 1024))
    await expect(fill).rejects.toThrow('ENOSPC')

    // A page that is not full yet takes some lines.
    let port = 7010
    while ((await add(upnpc, port)) !== undefined) port++
    expect(await held()).not.toContain(port)
    expect(await problem()).toBe(true)
    await upnpc('-d', 7001, 'UDP')
    expect(await listed(upnpc)).not.toContain(7001)
    await until('the delete at the carrier', 5000, async () => !(await held()).includes(7001) || undefined)
    expect(await ask(lab.hosts.internet, outside)).toMatch(`${ADDRESS.internet}:`)

    await rm(ballast)
    expect(await add(upnpc, port)).toBe(port)
    expect(await problem()).toBe(false)
  })

  it('that is read-only from the start: what was mapped is renewed and can be deleted, and all is well once it is writable', async () => {
    const upnpc = await client(lab)
    expect(await add(upnpc, 7002)).toBe(7002)
    await lab.daemon.stop('SIGKILL')
    await must(['mount', '-o', 'remount,ro', state])
    const asked = await lab.carrier.pcpRequests()
    await lab.daemon.start()
    expect(told()).toHaveLength(1)
    expect(await problem()).toBe(true)
    expect(await listed(upnpc)).toEqual(expect.arrayContaining([7000, 7002]))
    const confirmed = /the carrier was asked for every mapping anew/
    await until('the renewals', 30_000, () => lab.daemon.said.find((line) => confirmed.test(line)))
    expect(await lab.carrier.pcpRequests()).toBeGreaterThan(asked)
    expect(await ask(lab.hosts.internet, outside)).toMatch(`${ADDRESS.internet}:`)
    expect(await add(upnpc, 7003)).toBeUndefined()
    expect(await held()).not.toContain(7003)
    await upnpc('-d', 7002, 'UDP')
    expect(await listed(upnpc)).not.toContain(7002)
    await until('the delete at the carrier', 5000, async () => !(await held()).includes(7002) || undefined)
    const second = await lab.hosts.cpe.run(lab.daemon.command(['--http-port', '5999']))
    expect(second.stderr).toContain(`another igd-pcp uses ${state}`)

    // `ip netns exec` gave it mounts of its own.
    const there = ['nsenter', '--mount', '--target', String(lab.daemon.pid)]
    await must([...there, 'mount', '-o', 'remount,rw', state])
    await until('the state is writable', 15_000, async () => !(await problem()) || undefined)
    expect(await add(upnpc, 7003)).toBe(7003)
  }, 120_000)
})
