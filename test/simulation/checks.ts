import type { PortMappingEntry } from '../../src/core/types.ts'
import { PROTOCOL_NUMBER } from '../../src/pcp/wire/constants.ts'
import type { Invariant } from '../support/world/invariants.ts'
import type { Told } from './promises.ts'
import type { Simulation } from './simulation.ts'

// What must hold after every step, whatever is wrong with the world.

/** Set by the router while the carrier is asked; and how long a rule outlives what the carrier granted. */
const MARGIN = 70_000
/** How long a rule stays that the kernel did not let go, after it does again. */
const GOES = 31_000
/** RFC 6887 §15: what a client believes at most, in seconds. */
const LONGEST_GRANT = 86_400
/** A machine that wakes has to catch up first. */
const WAKING = 1000
/** A daemon that lives has noted by then what ended by itself. */
const WRITES = 10_000
/** Timers a daemon has beside those of its mappings, and for each of them. */
const TIMERS = { base: 60, each: 12 }

/** A rule of the kernel: the WAN port and the LAN endpoint it leads to. */
interface Forwarding {
  readonly key: string
  readonly protocol: 'TCP' | 'UDP'
  readonly wanPort: number
  readonly client: string
  readonly internalPort: number
  readonly until: number
}

export class Checks {
  readonly #sim: Simulation
  #dirty = true
  /** How often everything was looked at. */
  looks = 0
  /** A daemon does not write down when it was granted what: to the next one all was granted as it began. */
  #believed = 0
  #entries: readonly PortMappingEntry[] = []
  #fingerprint: string | undefined
  #systemUpdateId = 0
  /** What was noted, if the disk took it. */
  #durableId = 0
  /** Rules that the kernel may have kept, as it refused to let them go. */
  readonly #kept = new Set<string>()
  /** When it took changes again. */
  #kernelBack = -Infinity

  constructor(sim: Simulation) {
    this.#sim = sim
  }

  /** Something happened that may break a rule. */
  touched(): void {
    this.#dirty = true
  }

  /** Another daemon starts. */
  begins(): void {
    this.#fingerprint = undefined
    const { maxLifetime = LONGEST_GRANT } = this.#sim.profile.settings
    this.#believed = this.#sim.now + 1000 * Math.min(LONGEST_GRANT, maxLifetime)
  }

  /** How many entries lead to the host now. */
  entriesOf(client: string): number {
    return this.listed().filter(({ internalClient }) => internalClient === client).length
  }

  step(): void {
    for (const what of this.#sim.points.telephone.waits.late(this.#sim.now))
      this.#wrong('deadline', `${what} is not answered in time`)
    if (!this.#dirty && !this.#sim.world.takeChange()) return
    this.#dirty = false
    this.all()
  }

  /** Looks at everything. Gives the number of entries. */
  all(): number {
    const { promises, world } = this.#sim
    this.looks++
    promises.age(this.#sim.now)
    const forwardings = [...this.#forwardings()]
    this.#noteKept(forwardings)
    this.#endsByItself(forwardings)
    // What ended while none ran ends now, in the same moment.
    if (this.#sim.now <= this.#sim.readySince) return 0
    if (!world.life.ready || world.router.asleep || this.#sim.now - world.router.awakeSince < WAKING) return 0
    if (this.#sim.diskTakes() && world.life.isWritten && this.#sim.now - this.#sim.readySince > WRITES)
      promises.written(this.#sim.now - WRITES)
    this.#entries = this.listed()
    this.#unique()
    this.#known()
    this.#kept_()
    this.#updateId()
    this.#justified(forwardings)
    this.#leadsToOwner(forwardings)
    this.#bounded()
    return this.#entries.length
  }

  /** All entries, as a control point would see them. */
  listed(): readonly PortMappingEntry[] {
    const { iwf } = this.#sim.world.life.core ?? {}
    if (!iwf) return []
    return Array.from({ length: iwf.portMappingNumberOfEntries() }, (_, index) =>
      iwf.getGenericPortMappingEntry(index),
    )
  }

  /** No two entries of one key, and no two owners of a port. */
  #unique(): void {
    const owners = new Map<string, PortMappingEntry>()
    const keys = new Set<string>()
    for (const entry of this.#entries) {
      const port = `${entry.protocol} ${entry.externalPort}`
      const other = owners.get(port)
      if (other && other.internalClient !== entry.internalClient)
        this.#wrong(
          'one-owner',
          `${port} has two owners: ${other.internalClient} and ${entry.internalClient}`,
        )
      owners.set(port, entry)
      const key = `${port} ${entry.remoteHost}`
      if (keys.has(key)) this.#wrong('one-entry', `${key} is there twice`)
      keys.add(key)
    }
  }

  /** Every entry is one that a control point asked for and that is not over, as it asked for it. */
  #known(): void {
    for (const entry of this.#entries) {
      const told = this.#sim.promises.all.get(entry.description)
      const name = `${entry.description} ${entry.protocol} ${entry.externalPort} ${entry.remoteHost}`
      if (!told) this.#wrong('entry-asked', `${name}: nobody asked for it`)
      else if (told.fate === 'gone') this.#wrong('entry-over', `${name}: is gone and shown`)
      else {
        this.#asAsked(name, entry, told)
        told.hidden = false
        told.port = entry.externalPort
      }
    }
  }

  #asAsked(name: string, entry: PortMappingEntry, told: Told): void {
    if (entry.internalClient !== told.client)
      this.#wrong('entry-client', `${name}: leads to ${entry.internalClient}, not ${told.client}`)
    if (entry.internalPort !== told.internalPort)
      this.#wrong(
        'entry-internal-port',
        `${name}: leads to port ${entry.internalPort}, not ${told.internalPort}`,
      )
    if (told.wish !== undefined && entry.externalPort !== told.wish)
      this.#wrong('entry-external-port', `${name}: is at ${entry.externalPort}, not ${told.wish}`)
    const left = entry.leaseDuration * 1000
    const most = told.endsTo === Infinity ? told.lease : told.endsTo - this.#sim.now
    if (told.lease !== Infinity && left > most + 1000)
      this.#wrong('entry-lease', `${name}: has ${left} ms left, not ${most}`)
  }

  /** Every promise is kept. */
  #kept_(): void {
    const shown = new Set(this.#entries.map(({ description }) => description))
    for (const told of this.#sim.promises.live)
      if (told.fate === 'held' && !told.hidden && told.endsFrom > this.#sim.now)
        if (!shown.has(told.tag) && !this.#isReplaced(told))
          this.#wrong(
            'promise-kept',
            `${told.tag} ${told.protocol} ${told.port} of ${told.client} was answered 200 and is not shown`,
          )
  }

  /** Is it shown now, by itself? */
  shows({ tag }: Told): boolean {
    return this.listed().some(({ description }) => description === tag)
  }

  /** Its host asked for it again, was not answered yet or ever, and that is what is shown. */
  #isReplaced({ client, internalPort, port, protocol, remoteHost }: Told): boolean {
    // The carrier may have moved it meanwhile.
    const isSame = (one: PortMappingEntry): boolean =>
      one.externalPort === port || (one.internalClient === client && one.internalPort === internalPort)
    const isUnanswered = ({ description }: PortMappingEntry): boolean => {
      const fate = this.#sim.promises.all.get(description)?.fate
      return fate === 'asked' || fate === 'unsure'
    }
    return this.#entries.some(
      (one) =>
        isSame(one) &&
        one.protocol === protocol &&
        one.remoteHost === remoteHost &&
        one.internalClient === client &&
        isUnanswered(one),
    )
  }

  /** WANIPConnection:2: grows with each change of the table, and never goes back. */
  #updateId(): void {
    const { iwf } = this.#sim.world.life.core ?? {}
    if (!iwf) return
    const id = iwf.systemUpdateId()
    if (id < this.#durableId)
      this.#wrong('update-id-durable', `SystemUpdateID goes back from ${this.#durableId} to ${id}`)
    const fingerprint = this.#entries
      .map((entry) => [
        entry.protocol,
        entry.externalPort,
        entry.remoteHost,
        entry.internalPort,
        entry.description,
      ])
      .join()
    if (this.#fingerprint !== undefined && fingerprint !== this.#fingerprint && id === this.#systemUpdateId)
      this.#wrong('update-id-grows', `the table changed, and SystemUpdateID is ${id} as before`)
    this.#fingerprint = fingerprint
    this.#systemUpdateId = id
    if (this.#sim.diskTakes()) this.#durableId = id
  }

  *#forwardings(): Iterable<Forwarding> {
    for (const [key, data, until] of this.#sim.world.router.kernel.live('inbound')) {
      const [proto = '', wanPort = ''] = key.split(' . ')
      const [client = '', internalPort = ''] = data.split(' . ')
      const protocol = proto === 'tcp' ? 'TCP' : 'UDP'
      yield {
        key: `${key} ${data}`,
        protocol,
        wanPort: Number(wanPort),
        client,
        internalPort: Number(internalPort),
        until,
      }
    }
  }

  #noteKept(forwardings: readonly Forwarding[]): void {
    if (this.#sim.isActive('kernel')) for (const { key } of forwardings) this.#kept.add(key)
  }

  /** The kernel takes changes again. */
  kernelIsBack(): void {
    this.#kernelBack = this.#sim.now
  }

  /** Did the kernel refuse while it had the rule? Then it goes a little later. */
  isKept({ key }: Pick<Forwarding, 'key'>): boolean {
    return this.#kept.has(key) && (this.#sim.isActive('kernel') || this.#sim.now < this.#kernelBack + GOES)
  }

  /** Should the daemon die, forwarding ends soon after what the carrier granted. */
  #endsByItself(forwardings: readonly Forwarding[]): void {
    const { carrier, other, router } = this.#sim.world
    for (const { protocol, until, wanPort } of forwardings) {
      const granted = [carrier, other].map(
        (nat) => nat.grantedUntil.get(`${PROTOCOL_NUMBER[protocol]} ${wanPort}`) ?? 0,
      )
      const end = Math.max(this.#sim.now, this.#believed, ...granted) + MARGIN
      if (until > end && !router.asleep)
        this.#wrong(
          'rule-ends',
          `the kernel forwards ${protocol} ${wanPort} for ${until - end} ms longer than it should`,
        )
    }
  }

  /** What is forwarded somebody asked for, and nobody ended it. */
  #justified(forwardings: readonly Forwarding[]): void {
    for (const forwarding of forwardings) {
      const { client, internalPort, protocol, wanPort } = forwarding
      const { first, last } = this.#sim.profile.wanPorts
      if (wanPort < first || wanPort > last)
        this.#wrong('rule-in-block', `WAN port ${wanPort} is outside the block`)
      if (this.isKept(forwarding)) continue
      if (this.#wanting(forwarding).length === 0)
        this.#wrong(
          'rule-wanted',
          `the kernel forwards ${protocol} ${wanPort} to ${client}:${internalPort}, which nobody wants`,
        )
    }
  }

  /** The adds that a rule of the kernel may be for. */
  #wanting({ client, internalPort, protocol }: Forwarding): Told[] {
    return [...this.#sim.promises.live].filter(
      (told) => told.client === client && told.internalPort === internalPort && told.protocol === protocol,
    )
  }

  /** What comes in at a port that one host was promised never gets to another one. */
  #leadsToOwner(forwardings: readonly Forwarding[]): void {
    if (this.#sim.profile.nat === 'none') return
    const { router } = this.#sim.world
    const byWanPort = new Map(
      forwardings.map((one) => [`${PROTOCOL_NUMBER[one.protocol]} ${one.wanPort}`, one]),
    )
    for (const { external, internalPort, protocol } of this.#sim.carrier.of(router.addresses)) {
      const forwarding = byWanPort.get(`${protocol} ${internalPort}`)
      if (!forwarding || this.isKept(forwarding)) continue
      // A carrier may give the port that it moved a mapping from to what is asked for now; its answer is on the way.
      if (this.#wanting(forwarding).some(({ fate }) => fate === 'asked')) continue
      for (const told of this.#sim.promises.at(forwarding.protocol, external.port))
        if (told.fate === 'held' && told.endsFrom > this.#sim.now && told.client !== forwarding.client)
          this.#wrong(
            'rule-to-owner',
            `what comes in at ${forwarding.protocol} ${external.port} of ${told.client} gets to ${forwarding.client}`,
          )
    }
  }

  /** Nothing grows for ever. */
  #bounded(): void {
    const { life } = this.#sim.world
    const { context } = life.core ?? {}
    if (!context) return
    const claims =
      context.table.size +
      context.tombstones.size +
      this.#sim.points.telephone.waits.size +
      this.#sim.points.adds.lately
    const most = TIMERS.base + TIMERS.each * claims
    if (life.waiting > most)
      this.#wrong('bounded', `${life.waiting} timers wait for ${claims} mappings and calls`)
  }

  #wrong(invariant: Invariant, what: string): void {
    this.#sim.world.blame(invariant, what)
  }
}
