import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../src/commands/arguments.ts'
import { checkConfig } from '../../src/commands/check-config.ts'
import { FakeIo } from '../support/fake-io.ts'

let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'igd-pcp-'))
})
afterAll(() => rm(dir, { recursive: true }))

async function check(text: string, environment: Readonly<Record<string, string>> = {}) {
  const path = join(dir, 'r.toml')
  await writeFile(path, text)
  const io = new FakeIo(environment)
  const code = await checkConfig([path], io)
  return { code, stdout: io.stdout.replaceAll(path, 'r.toml'), stderr: io.stderr.replaceAll(path, 'r.toml') }
}

describe('igd-pcp check-config', () => {
  it('says OK', async () => {
    const result = await check('lan.interfaces = ["br-lan"]\nwan.interface = "eth0"\n')
    expect(result).toEqual({ code: 0, stdout: 'r.toml: OK\n', stderr: '' })
  })

  it('prints every problem with its line and key', async () => {
    const result = await check('[lan]\ninterfaces = []\n[wan]\nname = "eth0"\n', { IGD_PCP_HTTP_PORT: 'x' })
    expect(result).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        'r.toml:2: lan.interfaces: must be a list with at least one interface, none twice; it is []',
        'r.toml:4: wan.name: is no key; [wan] has interface',
        'IGD_PCP_HTTP_PORT: must be a whole number from 1 to 65535; it is "x"',
        'wan.interface: not set; set it by --wan IF or IGD_PCP_WAN_INTERFACE or wan.interface in the file',
        '',
      ].join('\n'),
    })
  })

  it('knows what the environment adds', async () => {
    const result = await check('wan.interface = "eth0"\n', { IGD_PCP_LAN_INTERFACES: 'br-lan' })
    expect(result.code).toBe(0)
  })

  it('says that there is no such file', async () => {
    const io = new FakeIo()
    expect(await checkConfig([join(dir, 'none')], io)).toBe(2)
    expect(io.stderr).toMatch(/^[^\n]+\/none: cannot be read: [^\n]+\n$/)
  })

  it.each([[[]], [['a', 'b']]])('refuses %j', async (argv) => {
    await expect(checkConfig(argv, new FakeIo())).rejects.toThrow(UsageError)
  })
})
