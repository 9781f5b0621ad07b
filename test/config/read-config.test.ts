import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readConfig } from '../../src/config/read-config.ts'
import { describeProblem } from '../../src/config/setting.ts'

const flags = { lan: ['br-lan'], wan: 'eth0' }
let dir: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'igd-pcp-'))
})
afterAll(() => rm(dir, { recursive: true }))

it('reads the file at a path', async () => {
  const path = join(dir, 'r.toml')
  await writeFile(path, '[http]\nport = 1234\n')
  const config = await readConfig(path, { environment: {}, flags })
  expect(config.ok && config.value.http.port).toBe(1234)
})

it('needs no file', async () => {
  const config = await readConfig(undefined, { environment: {}, flags })
  expect(config.ok && config.value.lan.interfaces).toEqual(['br-lan'])
})

it.each([
  ['no-such-file', 'there is no such file'],
  ['.', 'it is a directory'],
])('says why %s cannot be read', async (name, why) => {
  const path = join(dir, name)
  const config = await readConfig(path, { environment: {}, flags })
  expect(config.ok ? [] : config.why.map(describeProblem)).toEqual([`${path}: cannot be read: ${why}`])
})
