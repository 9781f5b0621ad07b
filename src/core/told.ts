import type { Log } from '../lib/log.ts'
import type { Port } from '../lib/units.ts'
import { codeForVersion, Fault } from './fault.ts'
import type { Entry } from './mapping.ts'
import { aboutLanPort, aboutMapping } from './mapping-name.ts'
import type { MappingTable } from './mapping-table.ts'
import type { AddAnyRequest, Caller, Lease } from './types.ts'

/** What an add came to. */
export interface Added {
  readonly port: Port
  /** False where the host asked again for what it had. */
  readonly isNew: boolean
}

/** Characters of a description that are worth a place in a line. */
const LONGEST_DESCRIPTION = 80

/** Answers that tell a program no more than that there is nothing: many ask so before they add. */
const NOTHING_THERE: ReadonlySet<number> = new Set([714, 730])

/** The log of what control points and the operator did, and of what was refused to them: a line each. */
export class Told {
  readonly #log: Log
  readonly #table: MappingTable

  constructor(log: Log, table: MappingTable) {
    this.#log = log
    this.#table = table
  }

  /** Runs `add`, and tells how it ended. */
  async adding(
    action: 'AddPortMapping' | 'AddAnyPortMapping',
    request: AddAnyRequest,
    caller: Caller,
    add: () => Promise<Added>,
  ): Promise<Port> {
    try {
      const added = await add()
      this.#added(request, caller, added)
      return added.port
    } catch (error) {
      if (error instanceof Fault) this.#notMapped(request, caller, refusal(error, caller, action))
      throw error
    }
  }

  /** Runs what deletes; `deleted` tells of what it was. */
  async deleting(
    action: 'DeletePortMapping' | 'DeletePortMappingRange',
    caller: Caller,
    run: () => Promise<void>,
  ): Promise<void> {
    try {
      await run()
    } catch (error) {
      if (error instanceof Fault && !NOTHING_THERE.has(error.code))
        this.#log.info({ host: caller.address, ...refusal(error, caller, action) }, 'a delete is refused')
      throw error
    }
  }

  deleted({ mapping, remoteHost }: Entry, caller: Caller): void {
    const fields = aboutMapping(mapping)
    this.#log.info({ ...fields, ...only(remoteHost), ...by(caller, fields.host) }, 'a mapping is deleted')
  }

  leaseEnded({ mapping, remoteHost }: Entry): void {
    this.#log.info({ ...aboutMapping(mapping), ...only(remoteHost) }, 'the lease of a mapping ended')
  }

  #added(request: AddAnyRequest, caller: Caller, { isNew, port }: Added): void {
    const { description, internalClient, lease, protocol, remoteHost } = request
    const mapping = this.#table.at(protocol, port)
    if (!mapping) return
    const fields = {
      ...aboutMapping(mapping),
      ...only(remoteHost),
      ...by(caller, internalClient),
      lease: textOf(lease),
      ...(description !== '' && { description: description.slice(0, LONGEST_DESCRIPTION) }),
    }
    if (isNew) this.#log.info(fields, 'a port is mapped')
    else this.#log.debug(fields, 'a mapping is asked for again')
  }

  #notMapped(request: AddAnyRequest, caller: Caller, why: Refusal): void {
    const { externalPort, internalClient: client, internalPort, protocol, remoteHost } = request
    const fields = aboutLanPort({ client, internalPort, protocol }, externalPort)
    this.#log.info({ ...fields, ...only(remoteHost), ...by(caller, client), ...why }, 'a port is not mapped')
  }
}

/** Why, and the error as the control point gets it: whoever looks up what a device shows finds the line by it. */
const refusal = ({ code, reason }: Fault, { version }: Caller, action: string) => ({
  error: codeForVersion(code, version, action),
  why: reason,
})

type Refusal = ReturnType<typeof refusal>

const textOf = (lease: Lease): string => (lease === 'infinite' ? 'forever' : `${lease}s`)

const only = (remoteHost: string) => (remoteHost === '' ? {} : { openTo: remoteHost })

/** Who did it, where that is not the host it is about. */
function by(caller: Caller, host: string) {
  if (caller.operator) return { by: 'operator' }
  return caller.address === host ? {} : { by: caller.address }
}
