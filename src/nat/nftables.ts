import type { NatPort, NatRule, TimedRule } from '../core/ports.ts'
import type { Protocol } from '../core/types.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import { SerialQueues } from '../lib/serial.ts'
import { after, type Millis, millis, type Port, type Seconds, toMillis } from '../lib/units.ts'
import { Batches } from './batches.ts'
import { Conntrack } from './conntrack.ts'
import { commands, LONGEST_TIMEOUT } from './elements.ts'
import { check, Nft } from './nft.ts'
import type { Runner } from './process.ts'
import { Remaining } from './remaining.ts'
import { type ReservedPorts, reserve, unreserve } from './reserved-ports.ts'
import { DELETE_TABLE, ruleset, type RulesetOptions, TABLE } from './ruleset.ts'
import { Slots } from './slots.ts'

/** What the NAT asks of the machine. */
export interface NatWorld extends Runner {
  readonly log: Log
  readonly reservedPorts: ReservedPorts
}

/** A rule to be set, or a WAN port to be freed. */
interface Change {
  readonly protocol: Protocol
  readonly wanPort: Port
  readonly rule: NatRule | undefined
  readonly until: Millis
  /** Known when the change is done: the rule whose running flows must not go on. */
  ended: NatRule | undefined
}

/** How often we look whether the table still stands: `flush ruleset` in a firewall's reload takes it away. */
const LOOK_EVERY = millis(30_000)
/** Rules that last longer than an element may are written again in time. */
const REWRITE_EVERY = millis(LONGEST_TIMEOUT / 2)

/** The router's NAT by a table of our own: no other table is read or written. */
export class NftablesNat implements NatPort {
  #options: RulesetOptions
  readonly #world: NatWorld
  readonly #nft: Nft
  readonly #conntrack: Conntrack
  readonly #kernel = new SerialQueues<'transactions'>()
  readonly #changes = new Batches<Change>((changes) => this.#inTurn(() => this.#change(changes)))
  #slots = new Slots()
  /** Rules that the kernel did not let go of yet, and whose flows are to be cut when it has. */
  readonly #owed: NatRule[] = []
  #rewriteAt = millis(0)
  #looking: Disposable | undefined
  /** The table is removed for good. */
  #removed = false

  constructor(options: RulesetOptions, world: NatWorld) {
    this.#options = options
    this.#world = world
    this.#nft = new Nft(world, world.log)
    this.#conntrack = new Conntrack(world, world.log)
  }

  /** Tries the table without making it. Undefined if all is well, else what is missing, in one line. */
  preflight(): Promise<string | undefined> {
    return check(this.#world, ruleset(this.#options))
  }

  /**
   * Makes the table, with these rules in it. What an earlier run left in the kernel goes on for the time it has left.
   * Rejects with what `preflight` says.
   */
  async start(rules: readonly TimedRule[] = []): Promise<void> {
    await this.#conntrack.start()
    await reserve(this.#world.reservedPorts, this.#options.block, this.#world.log)
    await this.reconcile(rules.length > 0 ? await this.#resumed(rules) : rules)
    this.#watch()
  }

  /** The rules are about these LANs from now on. What is mapped goes on. */
  setLans(lans: RulesetOptions['lans']): Promise<void> {
    return this.#rule({ lans })
  }

  /** The same for the PCP servers that the operator configured. */
  setServers(servers: RulesetOptions['servers']): Promise<void> {
    return this.#rule({ servers })
  }

  set(rule: NatRule, timeout: Seconds): Promise<void> {
    const until = this.#deadline(timeout)
    return this.#submit({ protocol: rule.protocol, wanPort: rule.wanPort, rule, until, ended: undefined })
  }

  remove(protocol: Protocol, wanPort: Port): Promise<void> {
    return this.#submit({
      protocol,
      wanPort,
      rule: undefined,
      until: this.#world.clock.now(),
      ended: undefined,
    })
  }

  /** The router has this address no more: what runs through it is cut. Our rules name no address of the WAN. */
  endFlowsOf(address: Ipv4Address): Promise<void> {
    return this.#conntrack.endFlowsOf(address)
  }

  busyWanPorts(): Promise<ReadonlySet<Port>> {
    return this.#conntrack.busy([...this.#slots.all()].map(({ rule }) => rule))
  }

  /** Makes these the only rules, in one transaction: nothing that stays is interrupted. */
  async reconcile(rules: readonly TimedRule[]): Promise<void> {
    const slots = new Slots()
    for (const { rule, timeout } of rules)
      slots.put({ rule, until: this.#deadline(timeout) }, this.#world.clock.now())
    const ended = await this.#inTurn(async () => {
      await this.#write(slots)
      const former = [...this.#slots.all()].map(({ rule }) => rule)
      this.#slots = slots
      return former.filter((rule) => endsFlows(rule, slots.get(rule.protocol, rule.wanPort)?.rule))
    })
    await this.#conntrack.flush(ended)
  }

  /**
   * The table stays, and with it the mappings until they expire, unless it is to be removed. What is still under way may
   * change it afterwards, and does not make it anew.
   */
  async stop({ removeTable }: { readonly removeTable: boolean }): Promise<void> {
    this.#looking?.[Symbol.dispose]()
    await this.#inTurn(async () => {
      this.#nft.close()
      if (!removeTable) return
      this.#removed = true
      await this.#nft.load(DELETE_TABLE)
      await unreserve(this.#world.reservedPorts, this.#options.block, this.#world.log)
    })
  }

  #rule(change: Partial<RulesetOptions>): Promise<void> {
    this.#options = { ...this.#options, ...change }
    return this.#inTurn(() => this.#write(this.#slots))
  }

  async #resumed(rules: readonly TimedRule[]): Promise<readonly TimedRule[]> {
    const remaining = await Remaining.read(this.#world)
    return rules.map(({ rule, timeout }) => ({ rule, timeout: remaining.of(rule) ?? timeout }))
  }

  async #submit(change: Change): Promise<void> {
    try {
      await this.#changes.submit(change)
    } catch (error) {
      if (change.ended && !change.rule) this.#owed.push(change.ended)
      throw error
    }
    await this.#cut(change.ended ? [change.ended] : [])
  }

  async #change(changes: readonly Change[]): Promise<void> {
    if (this.#removed) return
    const now = this.#world.clock.now()
    for (const change of changes) this.#stage(change, now)
    try {
      await this.#send(commands(this.#slots.steps(), now), changes.length === 1)
      this.#slots.commit()
    } catch (error) {
      this.#slots.rollback()
      throw error
    }
  }

  #stage(change: Change, now: Millis): void {
    const { protocol, wanPort, rule, until } = change
    const former = rule ? this.#slots.put({ rule, until }, now) : this.#slots.drop(protocol, wanPort)
    change.ended = former && endsFlows(former.rule, rule) ? former.rule : undefined
  }

  /**
   * With `rewrite`, a refusal leads to the whole table being made anew: then our rules were not what the kernel has,
   * or nft was lost and nobody knows what it did.
   */
  async #send(lines: readonly string[], rewrite: boolean): Promise<void> {
    try {
      await this.#nft.apply(lines)
    } catch (error) {
      if (!rewrite) throw error
      this.#world.log.warn({ error: String(error) }, `table ${TABLE} is made anew, as a change of it failed`)
      await this.#write(this.#slots)
    }
  }

  async #write(slots: Slots): Promise<void> {
    const now = this.#world.clock.now()
    const lines = commands(slots.allSteps(now), now).map((line) => `${line}\n`)
    await this.#nft.load(ruleset(this.#options) + lines.join(''))
    slots.commit()
    this.#rewriteAt = after(now, REWRITE_EVERY)
  }

  #watch(): void {
    this.#looking = this.#world.clock.every(LOOK_EVERY, () => void this.#inTurn(() => this.#look()))
  }

  async #look(): Promise<void> {
    const now = this.#world.clock.now()
    try {
      if (now >= this.#rewriteAt) await this.#write(this.#slots)
      else {
        await this.#send([...commands(this.#slots.steps(), now), `list set ${TABLE} filtered`], true)
        this.#slots.commit()
        void this.#cut([])
      }
    } catch (error) {
      this.#world.log.error({ error: String(error) }, `table ${TABLE} cannot be made: mappings do not work`)
    }
  }

  /** Ends what runs through these rules, and through those that went with them at last. */
  #cut(rules: readonly NatRule[]): Promise<void> {
    return this.#conntrack.flush([...rules, ...this.#owed.splice(0)])
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#kernel.run('transactions', task)
  }

  #deadline(timeout: Seconds): Millis {
    return after(this.#world.clock.now(), toMillis(timeout))
  }
}

/** May flows of `former` not go on under `rule`? A renewal leaves them alone. */
const endsFlows = (former: NatRule, rule: NatRule | undefined): boolean =>
  rule?.client !== former.client ||
  rule.clientPort !== former.clientPort ||
  rule.remoteHosts.join() !== former.remoteHosts.join()
