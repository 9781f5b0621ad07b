import { describe, expect, it } from 'vitest'
import { RESULT_CODE } from '../../src/pcp/wire/constants.ts'
import { C1, C2, type Arguments, igdBench } from '../support/igd-bench.ts'

// A call with two mistakes is answered with the one that comes first in this list, whichever two they are.

interface Mistake {
  readonly code: number
  readonly what: string
  readonly args: Arguments
}

/** In the order of the answers. The last two need a world where the port is another host's, and a carrier that refuses. */
const IN_ADD: readonly Mistake[] = [
  { code: 402, what: 'a lease that is no number', args: { NewLeaseDuration: 'x' } },
  { code: 402, what: 'no NewRemoteHost', args: { NewRemoteHost: undefined } },
  { code: 402, what: 'no NewProtocol', args: { NewProtocol: undefined } },
  { code: 715, what: 'no client', args: { NewInternalClient: '' } },
  { code: 732, what: 'internal port 0', args: { NewInternalPort: '0' } },
  { code: 716, what: 'external port 0', args: { NewExternalPort: '0' } },
  { code: 601, what: 'no such protocol', args: { NewProtocol: 'SCTP' } },
  { code: 600, what: 'a name for RemoteHost', args: { NewRemoteHost: 'example.com' } },
  { code: 600, what: 'a name for InternalClient', args: { NewInternalClient: 'example.com' } },
  { code: 501, what: 'not enabled', args: { NewEnabled: '0' } },
  { code: 606, what: 'another client', args: { NewInternalClient: C2 } },
  { code: 606, what: 'a privileged LAN port', args: { NewInternalPort: '80' } },
  { code: 606, what: 'a privileged port', args: { NewExternalPort: '80' } },
  { code: 718, what: 'a port of another host', args: { NewExternalPort: '9000' } },
  { code: 728, what: 'a carrier without resources', args: {} },
]

const together = (a: Mistake, b: Mistake): boolean => Object.keys(a.args).every((name) => !(name in b.args))

const pairsOf = (mistakes: readonly Mistake[]) =>
  mistakes.flatMap((first, i) =>
    mistakes
      .slice(i + 1)
      .filter((second) => together(first, second))
      .map(
        (second) => [`${first.code} ${first.what}`, `${second.code} ${second.what}`, first, second] as const,
      ),
  )

/** C2 has port 9000, and the carrier grants nothing more. */
async function crowdedBench() {
  const bench = await igdBench()
  await bench.add({ NewExternalPort: '9000' }, { by: C2 })
  const { faults } = bench.carrier.responder
  faults.result = { code: RESULT_CODE.NO_RESOURCES, lifetime: 30, times: Infinity }
  return bench
}

describe('AddPortMapping', async () => {
  const bench = await crowdedBench()

  it.each(IN_ADD.map((mistake) => [mistake.code, mistake.what, mistake.args] as const))(
    '%d: %s',
    async (code, _what, args) => {
      expect((await bench.add(args)).code).toBe(code)
    },
  )

  it.each(pairsOf(IN_ADD))('%s, before %s', async (_first, _second, first, second) => {
    const before = bench.requests.length
    expect((await bench.add({ ...second.args, ...first.args })).code).toBe(first.code)
    expect(bench.requests).toHaveLength(before)
  })

  it.each(IN_ADD.map(({ what, args }) => [what, args] as const))('401 before %s', async (_what, args) => {
    expect((await bench.soap('AddPortMappings', { NewExternalPort: '8080', ...args })).code).toBe(401)
    expect((await bench.soap('AddAnyPortMapping', args, { facade: 1 })).code).toBe(401)
  })
})

const FIRST = { NewStartPort: '8000', NewEndPort: '8999', NewProtocol: 'TCP', NewManage: '0' }

const IN_RANGE: readonly Mistake[] = [
  { code: 402, what: 'NewManage that is no boolean', args: { NewManage: 'all' } },
  { code: 601, what: 'no such protocol', args: { NewProtocol: 'SCTP' } },
  { code: 606, what: 'privileged ports', args: { NewStartPort: '80' } },
  { code: 733, what: 'the end before the start', args: { NewEndPort: '7999' } },
  { code: 730, what: 'nothing in it', args: {} },
]

describe('DeletePortMappingRange', async () => {
  const bench = await crowdedBench()
  const remove = (args: Arguments) => bench.soap('DeletePortMappingRange', { ...FIRST, ...args })

  it.each(pairsOf(IN_RANGE))('%s, before %s', async (_first, _second, first, second) => {
    expect((await remove({ ...second.args, ...first.args })).code).toBe(first.code)
  })

  it('606 for privileged ports before 733', async () => {
    expect((await remove({ NewStartPort: '8000', NewEndPort: '80' })).code).toBe(606)
  })

  it('733 before 730 and before 606 for what is others’', async () => {
    expect((await remove({ NewStartPort: '9500', NewEndPort: '8500' })).code).toBe(733)
  })

  it('606 for what is others’, 730 for nothing', async () => {
    expect((await remove({ NewEndPort: '9999' })).code).toBe(606)
    expect((await remove({})).code).toBe(730)
  })
})

const IN_KEY: readonly Mistake[] = [
  { code: 402, what: 'an external port that is no number', args: { NewExternalPort: 'x' } },
  { code: 402, what: 'no NewProtocol', args: { NewProtocol: undefined } },
  { code: 601, what: 'no such protocol', args: { NewProtocol: 'SCTP' } },
  { code: 600, what: 'a name for RemoteHost', args: { NewRemoteHost: 'example.com' } },
  { code: 714, what: 'no such entry', args: {} },
]

describe.each(['DeletePortMapping', 'GetSpecificPortMappingEntry'])('%s', async (action) => {
  const bench = await crowdedBench()
  const key = { NewRemoteHost: '', NewExternalPort: '8080', NewProtocol: 'TCP' }

  it.each(pairsOf(IN_KEY))('%s, before %s', async (_first, _second, first, second) => {
    expect((await bench.soap(action, { ...key, ...second.args, ...first.args })).code).toBe(first.code)
  })
})

it('what is right is done: the world of these tests is not refusing everything', async () => {
  const bench = await igdBench()
  expect((await bench.add({ NewInternalClient: C1 })).code).toBe(200)
})
