// Units are types, so that milliseconds never land in a field of seconds.

declare const unit: unique symbol

/** PCP lifetimes and UPnP leases, 0..2^32-1. */
export type Seconds = number & { readonly [unit]: 'seconds' }
/** Our clock and timers. */
export type Millis = number & { readonly [unit]: 'millis' }
/** A TCP or UDP port, 1..65535. */
export type Port = number & { readonly [unit]: 'port' }

export const seconds = (n: number): Seconds => n as Seconds
export const millis = (n: number): Millis => n as Millis
export const port = (n: number): Port => n as Port

export const toMillis = (s: Seconds): Millis => millis(s * 1000)

/** Whole seconds in `ms`, rounded up, so that a lease that still runs never reads 0. */
export const toSeconds = (ms: Millis): Seconds => seconds(Math.ceil(ms / 1000))

/** The moment `span` after `from`. */
export const after = (from: Millis, span: Millis): Millis => millis(from + span)

export const isPort = (n: number): n is Port => Number.isInteger(n) && n >= 1 && n <= 65535
