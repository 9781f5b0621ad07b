import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadIdentity, saveBootId, uuidFor } from '../../src/store/identity.ts'

const directory = () => mkdtemp(join(tmpdir(), 'igd-pcp-'))

describe('the identity of an installation', () => {
  it('stays the same from start to start, and the boot id grows', async () => {
    const dir = join(await directory(), 'made', 'as', 'needed')
    const first = await loadIdentity(dir)
    const second = await loadIdentity(dir)
    expect(second).toEqual({ ...first, bootId: first.bootId + 1, keep: second.keep })
    await saveBootId(dir, 40)
    expect((await loadIdentity(dir)).bootId).toBe(41)
  })

  it('keeps the secret from others, and two installations apart', async () => {
    const [one, two] = [await directory(), await directory()]
    expect((await loadIdentity(one)).secret).not.toEqual((await loadIdentity(two)).secret)
    expect((await stat(join(one, 'secret'))).mode & 0o777).toBe(0o600)
    expect((await readFile(join(one, 'secret'), 'utf8')).trim()).toHaveLength(64)
  })

  it('C-8-1: asks from a dynamic port drawn once, outside of what mappings get', async () => {
    const ports = await Promise.all(
      Array.from({ length: 8 }, async () => (await loadIdentity(await directory())).sourcePort),
    )
    expect(ports.every((port) => port >= 57_344 && port <= 65_535)).toBe(true)
    expect(new Set(ports).size).toBeGreaterThan(1)
  })

  it.each(['secret', 'source-port', 'uuid'])(
    'a damaged %s stops the start and is not replaced',
    async (name) => {
      const dir = await directory()
      await writeFile(join(dir, name), 'junk')
      await expect(loadIdentity(dir)).rejects.toThrow('damaged')
      expect(await readFile(join(dir, name), 'utf8')).toBe('junk')
    },
  )

  it('the embedded devices have UUIDs of their own, always the same', () => {
    const root = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
    expect(uuidFor(root, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2')
    expect(uuidFor(root, 'a')).not.toBe(uuidFor(root, 'b'))
  })
})
