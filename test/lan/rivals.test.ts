import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { rivalGateway } from '../../src/lan/rivals.ts'

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true })
})

/** A /proc with these programs: process id, name, network namespace. */
function procOf(programs: readonly (readonly [string, string | undefined, string])[]): string {
  const root = mkdtempSync(join(tmpdir(), 'igd-pcp-proc-'))
  roots.push(root)
  for (const [pid, name, network] of [['self', 'node', 'net:[1]'] as const, ...programs]) {
    mkdirSync(join(root, pid, 'ns'), { recursive: true })
    if (name !== undefined) writeFileSync(join(root, pid, 'comm'), `${name}\n`)
    symlinkSync(network, join(root, pid, 'ns/net'))
  }
  return root
}

it.each([
  ['nobody', [], undefined],
  ['others', [['1', 'systemd', 'net:[1]']], undefined],
  ['miniupnpd', [['7', 'miniupnpd', 'net:[1]']], 'miniupnpd'],
  ['one in a network of its own', [['7', 'miniupnpd', 'net:[2]']], undefined],
  ['one that ended while we looked', [['7', undefined, 'net:[1]']], undefined],
  ['what is no process', [['sys', 'miniupnpd', 'net:[1]']], undefined],
] as const)('%s', (_what, programs, name) => {
  expect(rivalGateway(procOf(programs))).toBe(name)
})
