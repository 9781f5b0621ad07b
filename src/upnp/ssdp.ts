import { Server } from 'node-ssdp'
import SsdpHeader from 'node-ssdp/lib/ssdpHeader.js'
import type { IgdVersion } from '../core/types.ts'
import type { Clock, Random } from '../lib/clock.ts'
import { type Ipv4Address, inPrefix } from '../lib/ip.ts'
import type { Lan } from '../lib/lan.ts'
import type { Log } from '../lib/log.ts'
import { SerialQueues } from '../lib/serial.ts'
import { TokenBuckets } from '../lib/token-bucket.ts'
import { after, millis, toMillis } from '../lib/units.ts'
import { answersTo } from './ssdp/answer.ts'
import type { SsdpMessage } from './ssdp/message.ts'
import type { Presence } from './ssdp/presence.ts'
import { type DeviceFacts, Presences } from './ssdp/presences.ts'
import { parseSearch, tidied } from './ssdp/search.ts'
import type { Datagram, SsdpSockets } from './ssdp/sockets.ts'
import { type Tree, type Udns, igdTree } from './ssdp/tree.ts'

// The only file that knows node-ssdp. Of its Server, the reading is used: it tells the kinds of messages apart and
// splits their headers; of its SsdpHeader, the writing. Its sockets, timers, search rules and table of names are
// not: they listen on all interfaces, send through the default route, never say byebye and know a single device.

export interface SsdpOptions extends DeviceFacts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly sockets: SsdpSockets
  /** The date, for the DATE header. */
  readonly date: () => Date
  readonly udns: Udns
  /** Keeps a BOOTID over a restart; called before it is announced. */
  readonly keepBootId: (bootId: number) => Promise<void>
  /** The facade that NOTIFY announces and that ssdp:all is answered with. */
  readonly defaultVersion: IgdVersion
  /** Does a host of a LAN answer for this address, or did it a moment ago? */
  readonly isNeighbour: (address: Ipv4Address) => boolean
  /** Where the HTTP server has the description of each facade. */
  readonly paths: Readonly<Record<IgdVersion, string>>
}

/** Where a message came from, and on which LAN. */
interface Arrival extends Datagram {
  readonly presence: Presence
  /** Sent to the group, not to the router's address. */
  readonly multicast: boolean
}

/** UDA 1.1 §1.3.3 spreads answers over MX seconds, but there are control points that give up after 250 ms. */
const LONGEST_WAIT = millis(40)

/** Enough for the control points of one host, which repeat what they ask; too little to flood anybody with. */
const PER_SOURCE = { perSecond: 5, burst: 30 }
const OVERALL = { perSecond: 100, burst: 300 }
/**
 * What is sent to an address that nobody has waits three seconds for ARP and fills the send buffer of the socket for all
 * others: eight sets of answers in that time leave half of the usual 208 KiB free. Whoever is answered once is a
 * neighbour from then on.
 */
const STRANGERS = { perSecond: 1, burst: 5 }

/** How often it is seen to that the device is on all of its LANs. */
const TEND = millis(10_000)

/** Makes the router known on its LANs, by both facades, and nowhere else (UDA 1.1 §1). */
export class SsdpServer extends Server<Arrival> {
  readonly #options: SsdpOptions
  /** The announced one first. */
  readonly #trees: readonly [Tree, Tree]
  readonly #presences: Presences
  readonly #perSource: TokenBuckets<string>
  readonly #overall: TokenBuckets<'all'>
  readonly #strangers: TokenBuckets<'all'>
  readonly #turns = new SerialQueues<'lans'>()
  #lans: readonly Lan[] = []
  /** Undefined while stopped. */
  #tending: Disposable | undefined

  constructor(options: SsdpOptions) {
    const { clock, udns, defaultVersion, paths, httpPort, serverHeader } = options
    super({
      location: { port: httpPort, path: paths[defaultVersion] },
      ssdpSig: serverHeader,
      udn: udns.igd,
      customLogger: () => undefined,
    })
    const treeOf = (version: IgdVersion) => igdTree(version, udns, paths[version])
    this.#options = options
    this.#trees = [treeOf(defaultVersion), treeOf(defaultVersion === 1 ? 2 : 1)]
    this.#perSource = new TokenBuckets(clock, PER_SOURCE)
    this.#overall = new TokenBuckets(clock, OVERALL)
    this.#strangers = new TokenBuckets(clock, STRANGERS)
    const receive = (datagram: Datagram, presence: Presence, multicast: boolean) =>
      this.#receive({ ...datagram, presence, multicast })
    this.#presences = new Presences({ ...options, encode, receive }, this.#trees[0], options)
  }

  /** Opens the sockets and announces the device. Rejects, with nothing left open, when one cannot be opened. */
  override start(lans: readonly Lan[]): Promise<void> {
    return this.#turns.run('lans', async () => {
      await this.#presences.open(lans)
      this.#lans = lans
      this.#tendLater()
    })
  }

  /**
   * Says byebye where the router no longer is, and alive where it is now. A LAN that cannot be joined is reported
   * and tried again; nothing happens before `start` and after `stop`.
   */
  setLans(lans: readonly Lan[]): Promise<void> {
    return this.#turns.run('lans', async () => {
      this.#lans = lans
      await this.#presences.change(lans)
    })
  }

  /** Resolves when ssdp:byebye has left on every LAN and the sockets are closed. */
  override stop(): Promise<void> {
    return this.#turns.run('lans', async () => {
      this.#tending?.[Symbol.dispose]()
      this.#tending = undefined
      await this.#presences.close()
    })
  }

  #tendLater(): void {
    const { clock } = this.#options
    this.#tending = clock.at(after(clock.now(), TEND), () => void this.#turns.run('lans', () => this.#tend()))
  }

  /** Joins what could not be joined, and again what the kernel has let go of. */
  async #tend(): Promise<void> {
    if (!this.#tending) return
    await this.#presences.change(this.#lans)
    await this.#presences.refresh()
    this.#tendLater()
  }

  /** UDA 1.1 §1.3.3, in place of node-ssdp's rules, which know no versions and no unicast. */
  override _msearch(headers: Readonly<Record<string, string>>, _text: string, arrival: Arrival): void {
    const { address, presence, multicast } = arrival
    const search = parseSearch(headers, multicast)
    if (!search.ok) {
      this.#ignore(arrival, search.why)
      return
    }
    const { random, date } = this.#options
    const answers = answersTo(search.value, this.#trees, this.#presences.factsOn(presence.lan), date())
    if (answers.length === 0) return
    if (this.#perSource.take(address) && this.#ofAll(arrival).take('all')) {
      const spread = Math.min(toMillis(search.value.mx), LONGEST_WAIT)
      presence.answer(answers, arrival, millis(random.unit() * spread))
    } else {
      this.#ignore(arrival, 'too many searches')
    }
  }

  /** What is behind another router is sent to that router, which is there. */
  #ofAll({ address, presence }: Arrival): TokenBuckets<'all'> {
    const isHere = inPrefix(address, presence.lan.prefix)
    return isHere && !this.#options.isNeighbour(address) ? this.#strangers : this.#overall
  }

  #receive(arrival: Arrival): void {
    const text = tidied(arrival.bytes)
    if (text.ok) this._parseMessage(text.value, arrival)
    else this.#ignore(arrival, text.why)
  }

  #ignore({ address, presence }: Arrival, why: string): void {
    this.#options.log.debug({ address, lan: presence.lan.name, why }, 'SSDP: a message is ignored')
  }
}

const encode = ({ method, headers }: SsdpMessage): Uint8Array =>
  new SsdpHeader(method, headers, method !== 'NOTIFY').toBuffer()
