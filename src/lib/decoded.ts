/** What a total decoder gives: a value, or why there is none. It never throws and never shortens. */
export type Decoded<T, Why = string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: Why }

export const decoded = <T>(value: T): Decoded<T, never> => ({ ok: true, value })
export const malformed = <Why>(why: Why): Decoded<never, Why> => ({ ok: false, why })
