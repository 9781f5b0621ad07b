// How many connections there may be. A control point needs one at a time, and a host runs a handful of them; a
// browser opens six. No host may take so many that there are none left for the others.

const MOST = 64
const MOST_PER_HOST = 16

/** Counts the open connections of all listeners together. */
export class Connections {
  readonly #ofHost = new Map<string, number>()
  #all = 0

  /** False when there are too many already; else the connection counts until `close`. */
  open(host: string): boolean {
    const own = this.#ofHost.get(host) ?? 0
    if (this.#all >= MOST || own >= MOST_PER_HOST) return false
    this.#ofHost.set(host, own + 1)
    this.#all += 1
    return true
  }

  close(host: string): void {
    const own = this.#ofHost.get(host) ?? 0
    if (own <= 1) this.#ofHost.delete(host)
    else this.#ofHost.set(host, own - 1)
    this.#all -= 1
  }
}
