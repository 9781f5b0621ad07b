import { chown, link, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newFile } from '../../src/store/new-file.ts'

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'igd-pcp-'))
})
afterEach(() => rm(dir, { recursive: true }))

async function write(name: string): Promise<string> {
  const path = join(dir, name)
  const file = await newFile(path)
  await file.writeFile('new')
  await file.close()
  return path
}

describe('a new file', () => {
  it('is for its owner alone', async () => {
    expect((await stat(await write('journal'))).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['a file', writeFile],
    ['a link', (path: string, elsewhere: string) => symlink(elsewhere, path)],
    ['a second name', (path: string, elsewhere: string) => link(elsewhere, path)],
  ])('takes the place of %s, and touches nothing elsewhere', async (_what, put) => {
    const elsewhere = join(dir, 'elsewhere')
    await writeFile(elsewhere, 'mine')
    await put(join(dir, 'journal'), elsewhere)
    expect(await readFile(await write('journal'), 'utf8')).toBe('new')
    expect(await readFile(elsewhere, 'utf8')).toBe('mine')
  })

  it.runIf(isRoot)('that root makes is of whoever has the directory', async () => {
    await chown(dir, NOBODY, NOBODY)
    const { gid, uid } = await stat(await write('journal'))
    expect({ gid, uid }).toEqual({ gid: NOBODY, uid: NOBODY })
  })
})
