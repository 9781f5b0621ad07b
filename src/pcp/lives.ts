import type { PcpMapping } from '../core/ports.ts'
import { remember } from '../lib/remember.ts'

/** How many internal ports are remembered; the ones unused for longest are forgotten first. */
const REMEMBERED = 4096

const portOf = ({ protocol, internalAddress, internalPort }: PcpMapping): string =>
  `${protocol} ${internalAddress ?? ''} ${internalPort}`

const lifeOf = (mapping: PcpMapping): string => `${portOf(mapping)} ${mapping.generation}`

/**
 * The generation by which the server knows each internal port. A server that still holds an earlier life of it takes
 * no other nonce than that one's (RFC 6887 §11.3), so a new life may have to go on under the nonce of the one before.
 */
export class Lives {
  /** By internal port: the generation that the server took last. */
  readonly #taken = new Map<string, number>()
  /** By internal port and own generation: the one to go on under. */
  readonly #alias = new Map<string, number>()

  /** The generation whose nonce to use. */
  of(mapping: PcpMapping): number {
    return this.#alias.get(lifeOf(mapping)) ?? mapping.knownAs ?? mapping.generation
  }

  /** Another generation that the server may know the port by; undefined: none that we know of. */
  other(mapping: PcpMapping): number | undefined {
    const taken = this.#taken.get(portOf(mapping))
    return taken === this.of(mapping) ? undefined : taken
  }

  /** The same, but of earlier lives: who deletes one must not delete what the port is used for since. */
  earlier(mapping: PcpMapping): number | undefined {
    const other = this.other(mapping)
    return other !== undefined && other < mapping.generation ? other : undefined
  }

  /** The server took the nonce of this generation. */
  took(mapping: PcpMapping, generation: number): void {
    remember(this.#taken, portOf(mapping), generation, REMEMBERED)
    if (generation !== this.of(mapping)) remember(this.#alias, lifeOf(mapping), generation, REMEMBERED)
  }
}
