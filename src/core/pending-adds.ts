import { either } from '../lib/abort.ts'
import type { Ipv4Address } from '../lib/ip.ts'

/** What is being asked of the carrier for each LAN host, so that it ends when the host is gone. */
export class PendingAdds {
  readonly #ofHost = new Map<Ipv4Address, Set<AbortController>>()
  /** Who waits until nothing is asked any more. */
  readonly #idle: (() => void)[] = []

  /** A signal that aborts when `client` is gone, or as soon as `cause` does. Dispose it when the add is over. */
  begin(client: Ipv4Address, cause: AbortSignal): { readonly signal: AbortSignal } & Disposable {
    const gone = new AbortController()
    const pending = this.#ofHost.get(client) ?? new Set()
    this.#ofHost.set(client, pending.add(gone))
    const wait = either(gone.signal, cause)
    return {
      signal: wait.signal,
      [Symbol.dispose]: () => {
        wait[Symbol.dispose]()
        pending.delete(gone)
        if (pending.size === 0 && this.#ofHost.get(client) === pending) this.#ofHost.delete(client)
        if (this.#ofHost.size === 0) for (const resolve of this.#idle.splice(0)) resolve()
      },
    }
  }

  /** The host is gone. */
  end(client: Ipv4Address): void {
    for (const gone of this.#ofHost.get(client) ?? []) gone.abort()
  }

  /** Nobody is there any more. Resolves when the last add is over. */
  async endAll(): Promise<void> {
    for (const client of this.#ofHost.keys()) this.end(client)
    if (this.#ofHost.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }
}
