import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { problemsOf, type Symptoms } from '../src/core/problems.ts'
import { PROBLEM_IDS } from '../src/core/status.ts'
import { ip } from './support/fake-carrier.ts'
import { WELL } from './support/symptoms.ts'

// Whoever looks a line of `igd-pcp status` up in docs/troubleshooting.md finds it there.

const headings = [...readFileSync('docs/troubleshooting.md', 'utf8').matchAll(/^### (.+)$/gm)].map(
  ([, heading = '']) => heading,
)

const NOWHERE = { interface: 'lan0', ipAddress: null }
const REFUSALS = [
  'ADDRESS_MISMATCH',
  'NOT_AUTHORIZED',
  'UNSUPP_OPTION',
  'NO_RESOURCES',
  'NETWORK_FAILURE',
  'UNSUPP_OPCODE',
] as const
const WRONG: readonly Partial<Symptoms>[] = [
  { wan: NOWHERE, server: undefined },
  { lans: [NOWHERE] },
  { server: undefined },
  { server: { address: '192.0.2.1:5351', reachable: false } },
  ...REFUSALS.map((refusal) => ({ refusal })),
  { quota: 32 },
  { quota: 0 },
  { externalIpAddress: ip('10.0.0.1') },
  { natFailure: 'why' },
  { unwritable: { directory: '/var/lib/igd-pcp', why: 'ENOSPC' } },
  { rival: 'miniupnpd' },
  { entries: 512 },
]
const problems = WRONG.flatMap((symptoms) => problemsOf({ ...WELL, ...symptoms }))

/** `…` in a heading stands for what differs from case to case. */
function isAbout(heading: string, cause: string): boolean {
  let from = 0
  return heading.split('…').every((part) => {
    const at = cause.indexOf(part, from)
    from = at + part.length
    return at >= 0
  })
}

it('every problem is among those looked up here', () => {
  expect(new Set(problems.map(({ id }) => id))).toEqual(new Set(PROBLEM_IDS))
})

it.each(problems)('$id has one entry in docs/troubleshooting.md: $cause', ({ cause }) => {
  expect(headings.filter((heading) => isAbout(heading, cause))).toHaveLength(1)
})
