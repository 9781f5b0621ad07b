import { join } from 'node:path'
import type { Prefix } from '../../lib/ip.ts'
import type { Log } from '../../lib/log.ts'
import { withoutLocal } from './choice.ts'
import { parseHookFile, type ServerAddresses } from './dhcp-options.ts'

/** The disk, as far as the hooks of DHCP clients write to it. */
export interface HookDisk {
  /** Undefined: there is no such file. */
  read(path: string): Promise<string | undefined>
  /** Tells when a file of the directory changes. Undefined where that cannot be had. */
  watch(directory: string, changed: () => void): Disposable | undefined
}

export interface HookFileOptions {
  readonly log: Log
  readonly disk: HookDisk
  /** `pcp.dhcpDir`. */
  readonly directory: string
  /** The interface towards the carrier. */
  readonly wan: string
  /** The LANs: no PCP server can be there. */
  readonly networks: () => readonly Prefix[]
}

/** What the hooks of the DHCP clients wrote of the WAN. Of other interfaces nothing is believed (RFC 7291 §5, §8). */
export class HookFiles {
  readonly #options: HookFileOptions
  /** What was said of each file already. */
  readonly #said = new Map<string, string>()

  constructor(options: HookFileOptions) {
    this.#options = options
  }

  /** The servers of DHCP, then those of DHCPv6. */
  async read(): Promise<readonly ServerAddresses[]> {
    return [...(await this.#read(4)), ...(await this.#read(6))]
  }

  async #read(family: 4 | 6): Promise<readonly ServerAddresses[]> {
    const { directory, disk, networks, wan } = this.#options
    const path = join(directory, `${wan}.v${family}`)
    try {
      const text = await disk.read(path)
      const named = text === undefined ? undefined : parseHookFile(family, text)
      if (named?.ok === false) return this.#nothing(path, `it is ${named.why}`)
      const { refused, taken } = withoutLocal(named?.value ?? [], networks())
      if (refused.length > 0) this.#nothing(path, `${refused.join(', ')} is on a LAN of this router`)
      else this.#said.delete(path)
      return taken
    } catch (error) {
      return this.#nothing(path, String(error))
    }
  }

  /** Says so once, not at every look. */
  #nothing(path: string, why: string): readonly ServerAddresses[] {
    if (this.#said.get(path) !== why)
      this.#options.log.warn({ path, why }, 'DHCP names a PCP server that is not asked')
    this.#said.set(path, why)
    return []
  }
}
