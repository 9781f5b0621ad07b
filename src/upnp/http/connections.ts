// How many connections there may be. A control point needs one at a time, and a host runs a handful of them; a
// browser opens six. No host, and no few of them together, may take so many that there is none left for another.

const MOST = 64
const MOST_PER_HOST = 16

/** One connection that counts, until it is closed. */
export interface Connection {
  readonly host: string
  /** Ends it at once. */
  readonly end: () => void
}

/** The open connections of all listeners together. */
export class Connections {
  /** The oldest first. */
  readonly #open = new Set<Connection>()

  /** False when there is no place for it; else it counts until `close`. */
  open(connection: Connection): boolean {
    const own = this.#of(connection.host).length
    if (own >= MOST_PER_HOST) return false
    if (this.#open.size >= MOST && !this.#makePlace(own)) return false
    this.#open.add(connection)
    return true
  }

  close(connection: Connection): void {
    this.#open.delete(connection)
  }

  /** For a host that has `own`: the one with the most loses its oldest, if it has more. */
  #makePlace(own: number): boolean {
    const [oldest] = this.#ofGreediest()
    if (!oldest || this.#of(oldest.host).length <= own) return false
    this.#open.delete(oldest)
    oldest.end()
    return true
  }

  #ofGreediest(): readonly Connection[] {
    const hosts = new Set([...this.#open].map(({ host }) => host))
    return [...hosts].map((host) => this.#of(host)).reduce((a, b) => (b.length > a.length ? b : a), [])
  }

  #of(host: string): readonly Connection[] {
    return [...this.#open].filter((connection) => connection.host === host)
  }
}
