import type { Place } from '../core/place.ts'
import type { PcpLink, ServerFacts } from '../core/ports.ts'

/** What one address of a server tells while it is in use. */
export interface LinkEvents {
  /** Every response that stood its checks. */
  heard(): void
  /** ICMP said so, or the system: nobody is there. */
  unreachable(why: string): void
  /** Is this the address in use? What another one says changes nothing. */
  inUse(): boolean
}

export type LinkFacts = Pick<ServerFacts, 'source' | 'protocol' | 'epoch'>

/** One address of one server, connected. */
export interface Link extends PcpLink {
  /** Where it leads, for the log. */
  readonly name: string
  /** Where what it makes stands. The server is the same for all its addresses. */
  readonly place: Place
  /** What is known of it beside its address. */
  facts(): LinkFacts
  /** True when the server answers before the signal aborts. */
  alive(signal: AbortSignal): Promise<boolean>
  close(): void
}

/** Connects to one address; undefined when there is no route to it now. */
export type OpenLink = (events: LinkEvents) => Promise<Link | undefined>
