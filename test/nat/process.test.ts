import { describe, expect, it } from 'vitest'
import { isMissing, run, spawnProgram } from '../../src/nat/process.ts'
import { settle, VirtualClock } from '../support/virtual-clock.ts'
import { FakeChild } from '../support/fake-kernel.ts'

const clock = new VirtualClock()
const runner = { clock, spawn: spawnProgram }
const node = (script: string, more: { input?: string; onLine?: (line: string) => void } = {}) =>
  run(runner, { program: process.execPath, args: ['-e', script], ...more })

describe('run', () => {
  it('hands over the input, and back how it ended and what it complained about', async () => {
    const script =
      "process.stdin.on('data', (d) => process.stderr.write(d)).on('end', () => (process.exitCode = 3))"
    expect(await node(script, { input: 'add; $(rm)' })).toEqual({ code: 3, stderr: 'add; $(rm)' })
  })

  it('reads output by lines, the last one too', async () => {
    const lines: string[] = []
    await node("process.stdout.write('a\\nb\\nc')", { onLine: (line) => void lines.push(line) })
    expect(lines).toEqual(['a', 'b', 'c'])
  })

  it('gives the program no home to write to', async () => {
    expect((await node('process.stderr.write(process.env.HOME)')).stderr).toBe('/dev/null')
  })

  it('survives a program that does not read its input', async () => {
    expect(await node('process.exit(0)', { input: 'x'.repeat(1_000_000) })).toEqual({ code: 0, stderr: '' })
  })

  it('keeps the beginning of endless complaints', async () => {
    expect((await node("process.stderr.write('x'.repeat(100_000))")).stderr).toHaveLength(4096)
  })

  it('tells a missing program from others that do not start', async () => {
    const error: unknown = await run(runner, { program: 'no-such-program', args: [] }).catch(
      (e: unknown) => e,
    )
    expect([isMissing(error), isMissing(new Error('EACCES'))]).toEqual([true, false])
  })

  it('kills what does not end', async () => {
    const child = new FakeChild()
    const result = run({ clock, spawn: () => child }, { program: 'nft', args: [] })
    const closed = new Promise((resolve) => child.on('close', resolve))
    await Promise.all([expect(result).rejects.toThrow('nft did not end within 20 s'), clock.advance(20_000)])
    await closed
    await settle()
    expect(clock.pending).toBe(0)
  })
})
