const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const

/** A span as people say it, in its two largest units: `2 h 5 min`, `45 s`. Rounded down. */
export function span(seconds: number): string {
  const at = UNITS.findIndex(([, size]) => seconds >= size)
  const [unit, size] = UNITS[at] ?? ['s', 1]
  if (unit === 's') return `${seconds} s`
  const whole = Math.floor(seconds / size)
  const [smaller, smallerSize] = UNITS[at + 1] ?? ['s', 1]
  const rest = Math.floor((seconds % size) / smallerSize)
  return unit === 'min' || rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${smaller}`
}

/** A clause as a sentence of its own. */
export const sentence = (clause: string): string => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`
