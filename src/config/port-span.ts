import { decoded, type Decoded, malformed } from '../lib/decoded.ts'

/** Ports from `first` to `last`, both included, 0..65535. */
export interface PortSpan {
  readonly first: number
  readonly last: number
}

/** `N` or `N-M`. */
export function parsePortSpan(text: string): Decoded<PortSpan> {
  const [, head, tail = head] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const span = { first: Number(head), last: Number(tail) }
  return span.first <= span.last && span.last <= 65535
    ? decoded(span)
    : malformed('must be ports as N or N-M, 0 to 65535, the lower one first')
}
