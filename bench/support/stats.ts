/** What many latencies come to, in milliseconds, and how many a second there were. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The value below which `share` of the values lie. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN
}

/** `seconds` is how long it took to get all of them. */
export const latencyOf = (milliseconds: readonly number[], seconds: number): Latency => ({
  p50: quantile(milliseconds, 0.5),
  p99: quantile(milliseconds, 0.99),
  perSecond: milliseconds.length / seconds,
})

/** Several rounds of the same. */
export interface Rounds extends Latency {
  /** The p50 of the round that the machine disturbed least: noise only ever adds. */
  readonly least: number
}

/** Of several rounds the median, figure by figure: one round that the machine disturbed does not count. */
export const medianOf = (rounds: readonly Latency[]): Rounds => ({
  least: Math.min(...rounds.map(({ p50 }) => p50)),
  p50: median(rounds.map(({ p50 }) => p50)),
  p99: median(rounds.map(({ p99 }) => p99)),
  perSecond: median(rounds.map(({ perSecond }) => perSecond)),
})
