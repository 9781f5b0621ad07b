import { basename, dirname } from 'node:path'
import type { Random } from '../../../src/lib/clock.ts'
import type { Ipv4Address } from '../../../src/lib/ip.ts'
import type { MacAddress } from '../../../src/lib/mac.ts'
import type { Interfaces } from '../../../src/lan/interfaces.ts'
import type { LeaseDisk } from '../../../src/lan/leases/lease-watch.ts'
import { FakeKernel } from '../fake-kernel.ts'
import { MemoryDisk } from '../memory-disk.ts'
import type { Uplink } from './network.ts'
import type { WorldClock } from './world-clock.ts'

/** 2026-06-01 */
const TODAY = Date.UTC(2026, 5, 1)
/** What a clock without a battery shows until somebody sets it. */
const UNSET = Date.UTC(1970, 0, 1)

export const WAN = 'wan0'
export const LAN = 'br0'
export const LEASES = '/var/lib/misc/dnsmasq.leases'
export const HOOKS = '/run/igd-pcp-dhcp'

/** The router as a machine: all that a daemon's death leaves as it is. */
export class Router implements Uplink {
  readonly clock: WorldClock
  readonly disk = new MemoryDisk()
  readonly kernel: FakeKernel
  readonly secret = new Uint8Array(32).fill(7)
  /** Of the WAN; a source for what names none is the first. */
  addresses: readonly Ipv4Address[]
  routed = true
  lanUp = true
  /** When the boot began, and which it is. */
  bootedAt: number
  boots = 1
  /** How far the date is ahead of the world's. */
  dateOffset = 0
  /** Suspended: time passes, and nothing runs. */
  asleep = false
  awakeSince = -Infinity
  /** What became due meanwhile. */
  readonly #late: (() => void)[] = []
  readonly neighbours = new Map<Ipv4Address, MacAddress>()
  readonly #files = new Map<string, string>()
  readonly #watches = new Set<{ readonly directory: string; readonly changed: (name: string) => void }>()

  constructor(clock: WorldClock, address: Ipv4Address) {
    this.clock = clock
    this.addresses = [address]
    this.bootedAt = clock.now()
    this.kernel = new FakeKernel(clock)
  }

  get bootId(): string {
    return `boot ${this.boots}`
  }

  readonly date = (): number => TODAY + this.clock.now() + this.dateOffset

  /** Whether anybody set the date since the boot. */
  get isDateRight(): boolean {
    return this.dateOffset === 0
  }

  readonly interfaces = (): Interfaces => ({
    [WAN]: this.addresses.map((address) => face(`${address}/10`)),
    ...(this.lanUp ? { [LAN]: [face('192.168.1.1/24')] } : {}),
  })

  /** /proc/net/arp */
  readonly neighbourTable = (): string =>
    [
      'IP address       HW type     Flags       HW address            Mask     Device',
      ...[...this.neighbours].map(([ip, mac]) => `${ip} 0x1 0x2 ${mac} * ${LAN}`),
      '',
    ].join('\n')

  /** Leases and hooks. */
  readonly files: LeaseDisk = {
    isFull: () => Promise.resolve(false),
    read: (path) => Promise.resolve(this.#files.get(path)),
    watch: (directory, changed) => {
      const watch = { directory, changed }
      this.#watches.add(watch)
      return { [Symbol.dispose]: () => void this.#watches.delete(watch) }
    },
  }

  write(path: string, text: string | undefined): void {
    if (text === undefined) this.#files.delete(path)
    else this.#files.set(path, text)
    for (const { changed, directory } of [...this.#watches])
      if (directory === dirname(path)) changed(basename(path))
    this.clock.touched()
  }

  /** Runs `run` when the machine wakes. */
  whenAwake(run: () => void): void {
    this.#late.push(run)
  }

  wake(): void {
    this.asleep = false
    this.awakeSince = this.clock.now()
    for (const run of this.#late.splice(0)) this.clock.at(this.clock.now(), run)
    this.clock.touched()
  }

  /** Power is gone: the disk loses what was not synced, the kernel everything; without a battery the date too. */
  powerCut(dice: Random): void {
    this.disk.cut(() => dice.unit())
    this.kernel.flush()
    this.#watches.clear()
  }

  /** Power is back. */
  boot(keepsDate: boolean): void {
    this.boots++
    this.bootedAt = this.clock.now()
    this.asleep = false
    this.#late.length = 0
    if (!keepsDate) this.dateOffset = UNSET - TODAY - this.clock.now()
  }
}

const face = (cidr: string) => ({
  address: '',
  netmask: '',
  family: 'IPv4' as const,
  mac: '',
  internal: false,
  cidr,
})
