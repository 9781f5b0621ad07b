import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { PROBLEM_IDS } from '../../src/core/status.ts'
import { Prometheus } from '../../src/metrics/prometheus.ts'
import { FACTS } from './facts.ts'

// What people watch with names metrics, and what names them is to be true.

const text = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

interface Panel {
  readonly id: number
  readonly title: string
  readonly type: string
  readonly description?: string
  readonly datasource?: unknown
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly datasource: unknown }[]
}

interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] }
}

const [alertsText, docs, dashboardText, exposed] = await Promise.all([
  text('deploy/prometheus/alerts.yml'),
  text('docs/monitoring.md'),
  text('deploy/grafana/igd-pcp.json'),
  new Prometheus(() => FACTS).expose(),
])
const dashboard = JSON.parse(dashboardText) as Dashboard
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

/** Name to type, as a scrape has them. */
const METRICS = new Map(
  [...exposed.text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]),
)

/** The metrics in a query, a histogram by its own name. */
const metricsIn = (query: string): readonly string[] =>
  [...query.matchAll(/\b(?:igd_pcp|process)_[a-z_]+/g)].map(([name]) => {
    const base = name.replace(/_(?:bucket|sum|count)$/, '')
    return METRICS.get(base) === 'histogram' ? base : name
  })

interface Alert {
  readonly name: string
  readonly expr: string
  readonly rest: string
}

const alerts: readonly Alert[] = alertsText
  .split(/^ {6}- alert: /m)
  .slice(1)
  .map((block) => {
    const [, name = '', expr = '', rest = ''] =
      /^(\S+)\n\s+expr: (.*?)\n(\s+(?:for|labels):.*)$/s.exec(block) ?? []
    return { name, expr, rest }
  })

const headings = [...docs.matchAll(/^### (\S+)$/gm)].map(([, name]) => name)

it('there is something to look at', () => {
  expect(METRICS.size).toBeGreaterThan(20)
  expect(alerts.length).toBe(13)
  expect(queries.length).toBeGreaterThan(20)
})

describe('docs/monitoring.md', () => {
  it('has a line for every metric, and none for others', () => {
    const listed = [...docs.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name)
    expect(listed.toSorted()).toEqual([...METRICS.keys()].toSorted())
  })

  it('has a section for every alert, and none for others', () => {
    expect(headings).toEqual(alerts.map(({ name }) => name))
  })
})

describe('deploy/grafana/igd-pcp.json', () => {
  it('names metrics that there are, and every one of them', () => {
    const named = new Set(queries.flatMap(metricsIn))
    expect([...named].filter((name) => !METRICS.has(name))).toEqual([])
    expect([...METRICS.keys()].filter((name) => !named.has(name))).toEqual([])
  })

  it('asks the chosen data source about the chosen routers', () => {
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ['datasource', 'datasource'],
      ['instance', 'query'],
    ])
    for (const query of queries) expect(query).toContain('instance=~"$instance"')
    const source = { type: 'prometheus', uid: '${datasource}' }
    for (const { datasource, targets = [], type } of dashboard.panels)
      if (type !== 'row')
        expect([datasource, ...targets.map((target) => target.datasource)]).toEqual([
          source,
          ...targets.map(() => source),
        ])
  })

  it('has panels that say what they show, and none over another', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    for (const { description, title, type } of panels)
      if (type !== 'row') expect(description, title).toMatch(/\.$/)
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)},${y + Math.floor(n / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(panels.every(({ gridPos: { w, x } }) => x + w <= 24)).toBe(true)
  })
})

describe('deploy/prometheus/alerts.yml', () => {
  it.each(alerts)('$name', ({ expr, name, rest }) => {
    expect(metricsIn(expr).filter((metric) => !METRICS.has(metric))).toEqual([])
    expect(expr).toMatch(/igd_pcp_|process_|^up\{/)
    expect(rest).toMatch(/severity: (?:warning|critical)\n/)
    expect(rest).toMatch(/summary: .*\$labels\.instance/)
    expect(rest).toMatch(/cure: /)
    expect(rest).toContain(`runbook: docs/monitoring.md#${name.toLowerCase()}\n`)
  })

  it('every problem wakes somebody, once', () => {
    const watched = alerts.flatMap(({ expr }) =>
      [...expr.matchAll(/\bid=~?"([^"]*)"/g)].flatMap(([, ids = '']) => ids.split('|')),
    )
    expect(watched.toSorted()).toEqual(PROBLEM_IDS.toSorted())
  })
})
