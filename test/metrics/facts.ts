import type { Facts } from '../../src/metrics/facts.ts'
import { Counters } from '../../src/metrics/counters.ts'

export const FACTS: Facts = {
  version: '1.2.3',
  startedAt: 1_700_000_000,
  counts: new Counters().counts(),
  mappings: { ACTIVE: 3, DEGRADED: 1 },
  entries: 4,
  mostEntries: 512,
  carrierReachable: true,
  carrierAnswered: 1_700_000_100.5,
  stateWritable: true,
  problems: new Map([
    ['carrier-silent', false],
    ['rival', true],
  ]),
}
