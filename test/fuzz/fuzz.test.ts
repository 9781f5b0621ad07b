import { afterAll, describe, expect, it } from 'vitest'
import { type Run, type Target, fuzz, inputOf } from './harness.ts'
import { accessRule, config } from './targets/config.ts'
import { gena, http } from './targets/http.ts'
import { journal } from './targets/journal.ts'
import { dhcp, natPmp, pcpRequest, pcpResponse } from './targets/octets.ts'
import { soap, xml } from './targets/soap.ts'
import { ssdp } from './targets/ssdp.ts'

// `npm test` runs a few inputs, always the same; `npm run fuzz` 100,000 of each kind, new ones every time.
// FUZZ_INPUTS and FUZZ_SEED choose others; a failure says how to replay it.

const IS_SHORT = process.env['FUZZ_INPUTS'] === undefined
const INPUTS = IS_SHORT ? 200 : Number(process.env['FUZZ_INPUTS'])
const SEED = Number(process.env['FUZZ_SEED'] ?? (IS_SHORT ? 1 : Date.now() % 1_000_000))
/** MiB that memory may differ by without a leak. */
const SLACK = 16
const AN_HOUR = 3600_000

const TARGETS = [
  ssdp,
  http,
  gena,
  soap,
  xml,
  pcpRequest,
  pcpResponse,
  natPmp,
  dhcp,
  config,
  accessRule,
  journal,
]

const runs: (readonly [string, Run])[] = []

afterAll(() => {
  if (IS_SHORT) return
  const rows = runs.map(([name, { inputs, total, slowest, slowestInput, grown }]) => [
    name.padEnd(13),
    `${inputs} inputs, ${(total / 1000).toFixed(1)} s`,
    `slowest ${slowest.toFixed(1)} ms (input ${slowestInput}), ${grown.toFixed(1)} MiB more held`,
  ])
  console.log([`seed ${SEED}`, ...rows.map((row) => row.join('  '))].join('\n'))
})

describe('whatever comes', () => {
  it.each(TARGETS.map((target) => [target.name, target] as const))(
    '%s goes on, and holds no more memory',
    async (name, target) => {
      const run = await fuzz(target, SEED, INPUTS)
      runs.push([name, run])
      expect(run.grown).toBeLessThan(SLACK)
    },
    AN_HOUR,
  )
})

describe('the harness', () => {
  const harmless: Target = {
    name: 'x',
    corpus: [Buffer.from('right')],
    words: ['word'],
    open: () => ({ take: () => undefined }),
  }

  it('makes the same inputs of the same seed, and different ones of another', () => {
    const inputs = (seed: number) =>
      Array.from({ length: 50 }, (_, i) => Buffer.from(inputOf(harmless, seed, i)).toString('hex'))
    expect(inputs(1)).toEqual(inputs(1))
    expect(inputs(2)).not.toEqual(inputs(1))
    expect(new Set(inputs(1)).size).toBeGreaterThan(30)
  })

  it('says which input did harm, and how to see it again', async () => {
    let taken = 0
    const take = () => {
      if ((taken += 1) === 3) throw new Error('harm')
    }
    const run = fuzz({ ...harmless, open: () => ({ take }) }, 7, 10)
    await expect(run).rejects.toThrow(/input 2 of seed 7.*FUZZ_SEED=7 FUZZ_INPUTS=3 npm run fuzz -- -t 'x'/s)
  })

  it('sees what is held', async () => {
    const held: Uint8Array[] = []
    const take = () => void held.push(new Uint8Array(2 ** 20).fill(1))
    const { grown } = await fuzz({ ...harmless, open: () => ({ take }) }, 1, 80)
    expect(held).toHaveLength(80)
    expect(grown).toBeGreaterThan(SLACK)
  })
})
