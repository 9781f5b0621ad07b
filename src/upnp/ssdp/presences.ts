import { nextBootId } from '../../lib/boot-id.ts'
import { inPrefix } from '../../lib/ip.ts'
import { belongsTo, type Lan } from '../../lib/lan.ts'
import { lanChanges } from './lan-changes.ts'
import type { Facts } from './message.ts'
import { aliveSet, byebyeSet, updateSet } from './notify.ts'
import { Presence, type PresencePorts } from './presence.ts'
import type { Datagram, GroupSocket, SsdpSockets } from './sockets.ts'
import type { Tree } from './tree.ts'

/** What the device says of itself on every LAN. */
export type DeviceFacts = Omit<Facts, 'address'>

export interface PresencesPorts extends PresencePorts {
  readonly sockets: SsdpSockets
  /** Takes a datagram that came from the LAN of `presence`. */
  readonly receive: (datagram: Datagram, presence: Presence, multicast: boolean) => void
  /** Keeps a BOOTID over a restart. */
  readonly keepBootId: (bootId: number) => Promise<void>
}

/**
 * The LANs the device is on, and the BOOTID they share. The methods that return promises are not for calling side
 * by side: each is to be awaited before the next.
 */
export class Presences {
  readonly #ports: PresencesPorts
  /** The tree that is announced. */
  readonly #tree: Tree
  readonly #byName = new Map<string, Presence>()
  #device: DeviceFacts
  #group: GroupSocket | undefined

  constructor(ports: PresencesPorts, tree: Tree, device: DeviceFacts) {
    this.#ports = ports
    this.#tree = tree
    this.#device = device
  }

  factsOn({ address }: Lan): Facts {
    return { ...this.#device, address }
  }

  /** Opens all sockets, then announces. Rejects, with nothing left open, when a socket cannot be opened. */
  async open(lans: readonly Lan[]): Promise<void> {
    this.#group = await this.#openGroup()
    try {
      for (const lan of lans) await this.#join(lan)
    } catch (error) {
      await this.#end((presence) => presence.leave())
      throw error
    }
    for (const presence of this.#all()) this.#enter(presence)
  }

  /** Leaves and joins LANs, so that they are `lans`. One that cannot be joined is reported and left out. */
  async change(lans: readonly Lan[]): Promise<void> {
    if (!this.#group) return
    const before = this.#all().map(({ lan }) => lan)
    const { gone, moved, added } = lanChanges(before, lans)
    await Promise.all([
      ...this.#taken(gone).map((presence) => this.#withdraw(presence)),
      ...this.#taken(moved).map((presence) => presence.leave()),
    ])
    const stayed = this.#all()
    const movedOn = await this.#joinAll(moved)
    const entered = await this.#joinAll(added)
    if (movedOn.length + entered.length > 0) await this.#reboot([...stayed, ...movedOn])
    for (const presence of entered) this.#enter(presence)
  }

  /**
   * Joins the group anew where an interface was made anew under its old name and address. A socket counts the old one
   * for ever and holds 20 (igmp_max_memberships), so one that can take no more gives way to a new one.
   */
  async refresh(): Promise<void> {
    if (!this.#group || this.#takeInterfaces()) return
    const full = this.#group
    try {
      this.#group = await this.#openGroup()
    } catch (error) {
      this.#ports.log.warn({ error }, 'SSDP: cannot hear the multicast group anew; will try again')
      return
    }
    await full.close()
    this.#takeInterfaces()
  }

  /** Resolves when ssdp:byebye has left on every LAN and the sockets are closed. */
  async close(): Promise<void> {
    await this.#end((presence) => this.#withdraw(presence))
  }

  #openGroup(): Promise<GroupSocket> {
    return this.#ports.sockets.group((datagram) => this.#receive(datagram, this.#all(), true))
  }

  #currentGroup(): GroupSocket {
    if (!this.#group) throw new Error('no socket for the group')
    return this.#group
  }

  /** False when one cannot be used. */
  #takeInterfaces(): boolean {
    return this.#all().filter((presence) => !presence.takeInterface()).length === 0
  }

  /** WANIPConnection:2 §2.3.23: byebye before the first alive, so that nobody keeps what an earlier run said. */
  #enter(presence: Presence): void {
    const facts = this.factsOn(presence.lan)
    presence.announce(byebyeSet(this.#tree, facts), aliveSet(this.#tree, facts))
  }

  /** UDA 1.1 §1.2.4: a LAN or address more means a larger BOOTID, which `told` learn of before it is used. */
  async #reboot(told: readonly Presence[]): Promise<void> {
    const before = this.#device
    const bootId = nextBootId(before.bootId)
    await this.#keep(bootId)
    this.#device = { ...before, bootId }
    for (const presence of told) {
      const facts = this.factsOn(presence.lan)
      const update = updateSet(this.#tree, { ...facts, bootId: before.bootId }, bootId)
      presence.announce(update, aliveSet(this.#tree, facts))
    }
  }

  async #keep(bootId: number): Promise<void> {
    try {
      await this.#ports.keepBootId(bootId)
    } catch (error) {
      this.#ports.log.warn({ error }, 'SSDP: BOOTID cannot be kept; the next start may announce an old one')
    }
  }

  #withdraw(presence: Presence): Promise<void> {
    return presence.withdraw(byebyeSet(this.#tree, this.factsOn(presence.lan)))
  }

  async #joinAll(lans: readonly Lan[]): Promise<readonly Presence[]> {
    const joined: Presence[] = []
    for (const lan of lans) {
      try {
        joined.push(await this.#join(lan))
      } catch (error) {
        this.#ports.log.warn({ error, lan: lan.name }, 'SSDP: cannot be found on this LAN; will try again')
      }
    }
    return joined
  }

  async #join(lan: Lan): Promise<Presence> {
    const socket = await this.#ports.sockets.lan(lan, (datagram) =>
      this.#receive(datagram, this.#named(lan.name), false),
    )
    const presence = new Presence(this.#ports, lan, socket, () => this.#currentGroup())
    this.#byName.set(lan.name, presence)
    return presence
  }

  /** A source outside its LAN, and the networks behind it, is another network's, or forged: it is never answered. */
  #receive(datagram: Datagram, candidates: readonly Presence[], multicast: boolean): void {
    const { address } = datagram
    const presence =
      candidates.find(({ lan }) => inPrefix(address, lan.prefix)) ??
      candidates.find(({ lan }) => belongsTo(lan, address))
    if (presence) this.#ports.receive(datagram, presence, multicast)
  }

  async #end(leave: (presence: Presence) => Promise<void>): Promise<void> {
    await Promise.all(this.#taken(this.#all().map(({ lan }) => lan)).map(leave))
    await this.#group?.close()
    this.#group = undefined
  }

  #all(): readonly Presence[] {
    return [...this.#byName.values()]
  }

  #named(name: string): readonly Presence[] {
    const presence = this.#byName.get(name)
    return presence ? [presence] : []
  }

  /** The presences on `lans`, which no longer count from here on. */
  #taken(lans: readonly Lan[]): readonly Presence[] {
    const taken = lans.flatMap(({ name }) => this.#named(name))
    for (const { name } of lans) this.#byName.delete(name)
    return taken
  }
}
