import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { notifyReady } from '../../src/commands/sd-notify.ts'
import { fakeLog } from '../upnp/bench.ts'

describe('notifyReady', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'igd-pcp-notify-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** In place of systemd's program: one that writes down what it is told. */
  async function standIn(script: string): Promise<void> {
    const program = join(folder, 'systemd-notify')
    await writeFile(program, `#!/bin/sh\n${script}\n`)
    await chmod(program, 0o755)
  }

  it('says READY=1 to the socket that the service manager named', async () => {
    await standIn(`echo "$* to $NOTIFY_SOCKET" >${folder}/heard`)
    const log = fakeLog()
    await notifyReady({ PATH: folder, NOTIFY_SOCKET: '/run/systemd/notify' }, log)
    expect(await readFile(join(folder, 'heard'), 'utf8')).toBe('--ready to /run/systemd/notify\n')
    expect(log.lines).toEqual([])
  })

  it('says nothing where nobody asked', async () => {
    await standIn(`echo "$*" >${folder}/heard`)
    await notifyReady({ PATH: folder }, fakeLog())
    await expect(readFile(join(folder, 'heard'))).rejects.toThrow('ENOENT')
  })

  it.each([
    ['is missing', undefined],
    ['fails', 'exit 1'],
  ])('goes on, with one line of warning, when systemd-notify %s', async (_how, script) => {
    if (script !== undefined) await standIn(script)
    const log = fakeLog()
    await notifyReady({ PATH: folder, NOTIFY_SOCKET: '/run/systemd/notify' }, log)
    expect(log.lines).toHaveLength(1)
  })
})
