export interface Point {
  /** Seconds. */
  readonly at: number
  readonly value: number
}

/** How much a value grows from the first point to the last, by the straight line that fits the points best. */
export function growthOf(points: readonly Point[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const at = mean(points.map((point) => point.at))
  const value = mean(points.map((point) => point.value))
  const spread = points.reduce((sum, point) => sum + (point.at - at) ** 2, 0)
  const together = points.reduce((sum, point) => sum + (point.at - at) * (point.value - value), 0)
  const time = (points.at(-1)?.at ?? 0) - (points[0]?.at ?? 0)
  return spread === 0 ? 0 : (together / spread) * time
}

/** The last two thirds: what comes before is warming up, as code is compiled and the heap finds its size. */
export const settled = <T>(items: readonly T[]): readonly T[] => items.slice(Math.floor(items.length / 3))
