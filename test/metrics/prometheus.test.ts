import { describe, expect, it } from 'vitest'
import { millis } from '../../src/lib/units.ts'
import type { Facts } from '../../src/metrics/facts.ts'
import { Counters } from '../../src/metrics/counters.ts'
import { Meters } from '../../src/metrics/meters.ts'
import { Prometheus } from '../../src/metrics/prometheus.ts'
import { READINGS } from '../../src/metrics/readings.ts'
import { FACTS } from './facts.ts'

/** The samples of a scrape, by name and labels. */
async function scraped(prometheus: Prometheus): Promise<ReadonlyMap<string, number>> {
  const { text } = await prometheus.expose()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

function bench(over: Partial<Facts> = {}) {
  const counters = new Counters()
  const prometheus = new Prometheus(() => ({ ...FACTS, ...over, counts: counters.counts() }))
  const meters = new Meters(counters)
  meters.add(prometheus)
  return { meters, prometheus, samples: () => scraped(prometheus) }
}

describe('a scrape', () => {
  it('has what is read at that moment', async () => {
    const samples = await bench().samples()
    expect(Object.fromEntries(samples)).toMatchObject({
      'igd_pcp_build_info{version="1.2.3"}': 1,
      'igd_pcp_problem{id="carrier-silent"}': 0,
      'igd_pcp_problem{id="rival"}': 1,
      'igd_pcp_mappings{state="active"}': 3,
      'igd_pcp_mappings{state="degraded"}': 1,
      igd_pcp_entries: 4,
      igd_pcp_entries_limit: 512,
      igd_pcp_carrier_reachable: 1,
      igd_pcp_carrier_last_answer_timestamp_seconds: 1_700_000_100.5,
      igd_pcp_state_writable: 1,
      igd_pcp_carrier_renewals_total: 0,
      process_start_time_seconds: 1_700_000_000,
    })
    expect(samples.get('process_cpu_seconds_total')).toBeGreaterThan(0)
    expect(samples.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
    expect(samples.get('process_open_fds')).toBeGreaterThan(0)
  })

  it('has what was counted, once, however often it is read', async () => {
    const { meters, samples } = bench()
    meters.request('AddPortMapping', 200, millis(2))
    meters.request('AddPortMapping', 200, millis(4))
    meters.request('', 401, millis(1))
    meters.pcp({ opcode: 'MAP', renewal: true, result: 'SUCCESS', roundTrip: millis(3) })
    meters.pcp({ opcode: 'MAP', renewal: false, result: 'silent', roundTrip: undefined })
    meters.retransmission()
    meters.epochLoss()
    meters.nat(millis(0.2), undefined)
    meters.nat(millis(0.2), 'no')
    meters.stateWrite(millis(5), false)
    await samples()
    expect(Object.fromEntries(await samples())).toMatchObject({
      'igd_pcp_requests_total{action="AddPortMapping",code="200"}': 2,
      'igd_pcp_requests_total{action="unknown",code="401"}': 1,
      'igd_pcp_request_duration_seconds_count{action="AddPortMapping"}': 2,
      'igd_pcp_request_duration_seconds_sum{action="AddPortMapping"}': 0.006,
      'igd_pcp_request_duration_seconds_bucket{le="0.0025",action="AddPortMapping"}': 1,
      'igd_pcp_carrier_requests_total{opcode="MAP",result="SUCCESS"}': 1,
      'igd_pcp_carrier_requests_total{opcode="MAP",result="silent"}': 1,
      igd_pcp_carrier_renewals_total: 1,
      igd_pcp_carrier_retransmissions_total: 1,
      igd_pcp_carrier_epoch_losses_total: 1,
      igd_pcp_carrier_round_trip_seconds_count: 1,
      igd_pcp_nat_change_seconds_count: 2,
      'igd_pcp_nat_change_seconds_bucket{le="0.00025"}': 2,
      igd_pcp_nat_failures_total: 1,
      igd_pcp_state_write_failures_total: 1,
      igd_pcp_state_write_seconds_count: 1,
    })
  })

  it('leaves out what nobody knows', async () => {
    const samples = await bench({ carrierAnswered: undefined }).samples()
    expect(samples.has('igd_pcp_carrier_last_answer_timestamp_seconds')).toBe(false)
  })

  it('a state that no mapping is in any more is 0, and a problem that is gone too', async () => {
    const facts = { ...FACTS }
    const prometheus = new Prometheus(() => facts)
    await prometheus.expose()
    facts.mappings = { ACTIVE: 0, DEGRADED: 0 }
    expect((await scraped(prometheus)).get('igd_pcp_mappings{state="active"}')).toBe(0)
  })
})

describe('names', () => {
  it.each(READINGS)('$name', ({ help, labels, name, type }) => {
    expect(name).toMatch(/^(?:igd_pcp|process)_[a-z_]+$/)
    expect(name.endsWith('_total')).toBe(type === 'counter')
    expect(help).toMatch(/\.$/)
    expect(labels.every((label) => /^[a-z]+$/.test(label))).toBe(true)
  })
})
