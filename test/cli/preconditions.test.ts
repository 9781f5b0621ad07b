import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeSystemError } from '../../src/commands/preconditions.ts'

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'igd-pcp-'))
  await writeFile(join(dir, 'file'), '')
  await symlink('/nowhere/at/all', join(dir, 'link'))
})
afterAll(() => rm(dir, { recursive: true }))

describe('what keeps the daemon from starting is one line with the place and the cure', () => {
  it.each(['file', 'file/below', 'link'])('a directory where %s is', async (name) => {
    const path = join(dir, name)
    const thrown: unknown = await mkdir(path, { recursive: true }).catch((error: unknown) => error)
    expect(describeSystemError(thrown)).toMatch(
      new RegExp(`^${path} cannot be made \\(E[A-Z]+\\): .*; move that away or choose another directory$`),
    )
  })

  it.each([
    [{ code: 'EACCES', syscall: 'open', path: '/s/journal' }, 'no permission for /s/journal; run as root'],
    [
      { code: 'EACCES', syscall: 'listen', address: '/s/lock', port: -1 },
      'no permission for /s/lock; run as root',
    ],
    [
      { code: 'EACCES', syscall: 'listen', address: '192.168.1.1', port: 80 },
      'no permission for 192.168.1.1:80; run as root',
    ],
    [{ code: 'EROFS', path: '/s/journal' }, '/s/journal cannot be written; choose another --state-dir'],
    [{ code: 'ENOENT', syscall: 'open', path: '/s' }, 'as the system says it'],
  ])('%j', (error, line) => {
    expect(describeSystemError(Object.assign(new Error('as the system says it'), error))).toBe(line)
  })
})
