import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadIdentity } from '../../src/store/identity.ts'
import { keepingIdentity } from '../../src/store/keeping-identity.ts'
import { openStateDirectory } from '../../src/store/state-directory.ts'
import { add, caller, coreBench, faultOf } from '../support/core-bench.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'identity-'))
})
afterEach(() => rm(dir, { recursive: true }))

/** Nothing can be written in place of this file. */
const block = (name: string) => mkdir(join(dir, `${name}.new`))
const unblock = (name: string) => rm(join(dir, `${name}.new`), { recursive: true })

describe('a disk that does not take who the installation is', () => {
  it('is no reason not to start, and takes it later', async () => {
    await block('secret')
    const identity = await loadIdentity(dir)
    expect(identity.unkept).toContain('EISDIR')
    expect(identity.secret).toHaveLength(32)
    await expect(identity.keep()).rejects.toThrow('EISDIR')
    await unblock('secret')
    await Promise.all([identity.keep(), identity.keep()])
    expect(await readFile(join(dir, 'secret'), 'utf8')).toBe(
      `${Buffer.from(identity.secret).toString('hex')}\n`,
    )
    expect((await loadIdentity(dir)).secret).toEqual(identity.secret)
  })

  it('a boot id that cannot be kept is one all the same', async () => {
    await loadIdentity(dir)
    await block('boot-id')
    const { bootId, unkept } = await loadIdentity(dir)
    expect(bootId).toBeGreaterThan(1)
    expect(unkept).toBeDefined()
  })

  it('new mappings are 501 with nothing sent until it does', async () => {
    await block('secret')
    const quiet = () => undefined
    const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
    const clock = new VirtualClock()
    const opened = await openStateDirectory(dir, { clock, log })
    const store = keepingIdentity(opened, await loadIdentity(dir))
    const bench = coreBench()
    bench.store.put = (record) => store.put(record)
    const request = () => bench.iwf.addPortMapping(add(), caller())
    expect(await faultOf(request)).toBe(501)
    expect(bench.carrier.maps).toEqual([])
    await unblock('secret')
    void request()
    await expect.poll(() => bench.carrier.maps.length).toBe(1)
    await store.close()
  })
})
