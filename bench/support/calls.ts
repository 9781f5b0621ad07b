import { type Target, request } from './soap.ts'

// The calls that are measured, in the words of WANIPConnection. Mapping `n` is the same one in all of them, and
// belongs to one of the hosts; half of them are TCP, so that one block of WAN ports holds them all.

/** Above 5351, which no carrier gives away. */
const FIRST_PORT = 6000

const protocolOf = (n: number): string => (n % 2 === 0 ? 'TCP' : 'UDP')
const portOf = (n: number): number => FIRST_PORT + (n >> 1)

/**
 * The mapping that the host at `place` makes and deletes as its `n`th: apart from those that stay, and never another
 * host's, as carriers keep a port for a while for whoever had it last.
 */
export const passing = (place: number, n: number): number => 20_000 + 4000 * place + (n % 4000)

const key = (n: number) => ({ NewRemoteHost: '', NewExternalPort: portOf(n), NewProtocol: protocolOf(n) })

/** Makes the octets of the calls of one way of asking. */
export class Calls {
  readonly #target: Target
  readonly #close: boolean
  readonly #type: string | undefined

  constructor(target: Target, close: boolean, type?: string) {
    this.#target = target
    this.#close = close
    this.#type = type
  }

  add(n: number, host: string): Buffer {
    return this.#request('AddPortMapping', {
      ...key(n),
      NewInternalPort: portOf(n),
      NewInternalClient: host,
      NewEnabled: 1,
      NewPortMappingDescription: 'bench',
      NewLeaseDuration: 86_400,
    })
  }

  delete(n: number): Buffer {
    return this.#request('DeletePortMapping', key(n))
  }

  specific(n: number): Buffer {
    return this.#request('GetSpecificPortMappingEntry', key(n))
  }

  generic(index: number): Buffer {
    return this.#request('GetGenericPortMappingEntry', { NewPortMappingIndex: index })
  }

  /** What a control point asks that wants to see all of its own: at most `most`. */
  list(most: number): Buffer {
    return this.#request('GetListOfPortMappings', {
      NewStartPort: FIRST_PORT,
      NewEndPort: 65_535,
      NewProtocol: 'TCP',
      NewManage: 0,
      NewNumberOfPorts: most,
    })
  }

  address(): Buffer {
    return this.#request('GetExternalIPAddress', {})
  }

  #request(action: string, args: Readonly<Record<string, string | number>>): Buffer {
    return request(this.#target, action, args, this.#close, this.#type)
  }
}
