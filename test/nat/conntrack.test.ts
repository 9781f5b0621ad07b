import { beforeEach, describe, expect, it } from 'vitest'
import { Conntrack } from '../../src/nat/conntrack.ts'
import type { Spawn } from '../../src/nat/process.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { port } from '../../src/lib/units.ts'
import { ipv4 } from '../pcp/literals.ts'
import { FakeChild } from '../support/fake-kernel.ts'
import { rule } from './rules.ts'

const FLOW =
  'udp 17 29 src=198.51.100.9 dst=100.64.0.2 sport=7000 dport=50000 src=192.168.1.10 dst=198.51.100.9 sport=4000 dport=7000 use=1'

let warnings: string[]
let started: string[]
let commands: string[]

beforeEach(() => {
  warnings = []
  started = []
  commands = []
})

/** A conntrack whose listing is FLOW, and whose deletes end as `deleted` says. */
function conntrack(deleted: { code: number; stderr: string } | 'missing'): Conntrack {
  const spawn: Spawn = (program, args) => {
    const child = new FakeChild()
    started.push(`${program} ${args[0] ?? ''}`)
    commands.push(args.join(' '))
    if (deleted === 'missing') child.fail()
    else {
      if (args[0] === '-L') child.stdout.write(`${FLOW}\n`)
      if (args[0] === '-D') child.stderr.write(deleted.stderr)
      child.exit(args[0] === '-D' ? deleted.code : 0)
    }
    return child
  }
  const silent = () => undefined
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (_: object, text: string) => void warnings.push(text),
  }
  return new Conntrack({ clock: new VirtualClock(), spawn }, log)
}

const TO_A = '-D -f ipv4 --orig-dst 100.64.0.2 --dst-nat'
const FROM_A = '-D -f ipv4 --reply-dst 100.64.0.2 --src-nat'

describe('Conntrack', () => {
  it.each([
    ['what was deleted', { code: 0, stderr: 'conntrack v1.4.7: 2 flow entries have been deleted.' }, 0],
    ['nothing left to delete', { code: 1, stderr: 'conntrack v1.4.7: 0 flow entries have been deleted.' }, 0],
    ['a failure', { code: 1, stderr: 'conntrack v1.4.7: Operation failed: such conntrack' }, 1],
  ])('takes %s for what it is', async (_name, deleted, count) => {
    const cutter = conntrack(deleted)
    await cutter.start()
    await cutter.flush([rule()])
    expect(started).toEqual(['conntrack --version', 'conntrack -L', 'conntrack -D'])
    expect(warnings).toHaveLength(count)
  })

  it('C-14-4: tells by which WAN ports data flows, with one listing for all', async () => {
    const cutter = conntrack({ code: 0, stderr: '' })
    await cutter.start()
    const busy = await cutter.busy([rule(), rule({ wanPort: port(50_001), clientPort: port(4001) })])
    expect([...busy]).toEqual([50_000])
    expect(started).toEqual(['conntrack --version', 'conntrack -L'])
  })

  it('C-14-4: cannot tell without the program, and then none is busy', async () => {
    const cutter = conntrack('missing')
    await cutter.start()
    expect([...(await cutter.busy([rule()]))]).toEqual([])
    expect(started).toEqual(['conntrack --version'])
  })

  it('says once that the program is missing, and does not look for it again', async () => {
    const cutter = conntrack('missing')
    await cutter.start()
    await cutter.flush([rule()])
    expect(started).toEqual(['conntrack --version'])
    expect(warnings).toEqual([
      'conntrack is not installed: connections that run when a mapping is deleted go on until they end',
    ])
  })

  it.each([
    ['nothing runs', { code: 1, stderr: '0 flow entries have been deleted.' }, [TO_A, FROM_A]],
    ['it fails', { code: 1, stderr: 'Operation failed' }, [TO_A]],
  ])(
    'a former address of the router: what was translated from or to it is cut (%s)',
    async (_how, end, expected) => {
      const cutter = conntrack(end)
      await cutter.start()
      await cutter.endFlowsOf(ipv4('100.64.0.2'))
      expect(commands.slice(1)).toEqual(expected)
      expect(warnings).toHaveLength(expected.length === 2 ? 0 : 1)
    },
  )

  it('starts nothing for no rules', async () => {
    await conntrack('missing').flush([])
    expect(started).toEqual([])
  })
})
