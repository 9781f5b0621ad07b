import type { NatPort, NatRule } from '../../src/core/ports.ts'
import type { Protocol } from '../../src/core/types.ts'
import type { Port, Seconds } from '../../src/lib/units.ts'

/** A router NAT that only remembers. */
export class FakeNat implements NatPort {
  readonly rules = new Map<string, { readonly rule: NatRule; readonly timeout: Seconds }>()
  /** WAN ports that data flows through. */
  readonly busy = new Set<Port>()
  /** The kernel refuses everything. */
  broken = false

  set(rule: NatRule, timeout: Seconds): Promise<void> {
    if (this.broken) return Promise.reject(new Error('no such table'))
    this.rules.set(`${rule.protocol}:${rule.wanPort}`, { rule, timeout })
    return Promise.resolve()
  }

  remove(protocol: Protocol, wanPort: Port): Promise<void> {
    if (this.broken) return Promise.reject(new Error('no such table'))
    this.rules.delete(`${protocol}:${wanPort}`)
    return Promise.resolve()
  }

  busyWanPorts(): Promise<ReadonlySet<Port>> {
    return Promise.resolve(this.busy)
  }
}
