// Fields hold what hosts on the network sent. Whatever that is, an event stays one line of bounded length, and a
// terminal that shows it gets no orders.

/** Characters of a value that are kept. */
const LONGEST = 512

/** Controls, direction and other format characters, line and paragraph separators, halves of pairs. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

const escapeUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Each character that does not show as itself becomes `\uXXXX`, as JSON spells it. */
export const escapeUnseen = (text: string): string =>
  text.replace(UNSEEN, (character) => character.split('').map(escapeUnit).join(''))

/** A long value becomes a text that says how much is missing. */
export function shorten(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text.length <= LONGEST) return value
  return `${text.slice(0, LONGEST)}... (${text.length - LONGEST} more characters)`
}
