import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, lstat, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lock } from '../../src/store/lock.ts'

describe('the state directory', () => {
  let directory = ''
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'igd-pcp-lock-'))
  })
  afterAll(() => rm(directory, { recursive: true }))

  it('is one daemon’s at a time', async () => {
    const first = await lock(directory)
    await expect(lock(directory)).rejects.toThrow(
      `another igd-pcp uses ${directory}; end it: a router has only one`,
    )
    await first[Symbol.asyncDispose]()
    const second = await lock(directory)
    await second[Symbol.asyncDispose]()
  })

  it('also by another path, and when its file is gone', async () => {
    const first = await lock(directory)
    const other = `${directory}-link`
    await symlink(directory, other)
    await rm(join(directory, 'lock'))
    await expect(lock(other)).rejects.toThrow('another igd-pcp')
    await rm(other)
    await first[Symbol.asyncDispose]()
  })

  it.runIf(process.getuid?.() === 0)('taken by root, it is still that of its own user', async () => {
    await chown(directory, 1234, 1234)
    const taken = await lock(directory)
    expect(await lstat(join(directory, 'lock'))).toMatchObject({ uid: 1234, gid: 1234 })
    await taken[Symbol.asyncDispose]()
    await chown(directory, 0, 0)
  })

  it('is free again after a kill -9', async () => {
    const path = join(directory, 'lock')
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('locked'))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await expect(lock(directory)).rejects.toThrow('another igd-pcp')
    child.kill('SIGKILL')
    await once(child, 'close')
    expect(existsSync(path)).toBe(true)
    const taken = await lock(directory)
    await taken[Symbol.asyncDispose]()
  })
})
