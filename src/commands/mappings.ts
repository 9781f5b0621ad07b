import * as v from 'valibot'
import { ask } from '../control/client.ts'
import { readAdd, readKey } from '../control/requests.ts'
import type { MappingStatus } from '../core/status.ts'
import type { Decoded } from '../lib/decoded.ts'
import { parseArguments, UsageError } from './arguments.ts'
import { columns } from './columns.ts'
import {
  DAEMON_HELP,
  DAEMON_OPTIONS,
  type DaemonPlace,
  daemonPlace,
  reportRefusal,
  withDaemon,
} from './daemon.ts'
import { DONE, type Io } from './io.ts'
import { mappingsTable } from './status-text.ts'

const HELP = `usage: igd-pcp mappings [list] [flags]
       igd-pcp mappings add TCP|UDP EXTPORT CLIENT:PORT [--description TEXT] [--lease SECONDS] [--remote-host ADDR] [flags]
       igd-pcp mappings delete TCP|UDP EXTPORT [--remote-host ADDR] [flags]

Lists all mappings, and adds and deletes any: for every LAN host, every port. A lease of 0, which is the default,
never ends.

${columns(DAEMON_HELP)}
Exit code 0: done; 1: refused, and the line says why; 2: the command is wrong; 3: no daemon runs.
`

const OPTIONS = {
  ...DAEMON_OPTIONS,
  description: { type: 'string' },
  lease: { type: 'string' },
  'remote-host': { type: 'string' },
} as const

type Flags = ReturnType<typeof parse>['values']

const parse = (argv: readonly string[]) =>
  parseArguments({ args: [...argv], options: OPTIONS, allowPositionals: true })

/** What a word after `mappings` does, with the words after that. */
type Verb = (words: readonly string[], flags: Flags, io: Io, path: string) => Promise<number>

const VERBS: ReadonlyMap<string, Verb> = new Map([
  ['list', list],
  ['add', add],
  ['delete', remove],
])

export async function mappings(argv: readonly string[], io: Io): Promise<number> {
  const { positionals, values } = parse(argv)
  if (values.help) {
    io.out(HELP)
    return DONE
  }
  const [name = 'list', ...words] = positionals
  const verb = VERBS.get(name)
  if (!verb) throw new UsageError(`unknown word ${JSON.stringify(name)}; there are list, add and delete`)
  const place: DaemonPlace = await daemonPlace(values, io)
  return await withDaemon(place, io, () => verb(words, values, io, place.path))
}

const LISTING = v.object({ mappings: v.array(v.looseObject({})) })

async function list(words: readonly string[], { json }: Flags, io: Io, path: string): Promise<number> {
  if (words.length > 0) throw new UsageError('list takes no further words')
  const answer = await ask(path, { method: 'GET', url: '/v1/mappings' })
  if (json) io.out(`${JSON.stringify(answer.body, undefined, 2)}\n`)
  else {
    const found = v.parse(LISTING, answer.body).mappings as unknown as readonly MappingStatus[]
    io.out(found.length > 0 ? mappingsTable(found) : 'no mappings\n')
  }
  return DONE
}

async function add(words: readonly string[], flags: Flags, io: Io, path: string): Promise<number> {
  const [protocol, externalPort, client, ...rest] = words
  const [internalClient, internalPort, ...more] = client?.split(':') ?? []
  if (internalPort === undefined || rest.length > 0 || more.length > 0)
    throw new UsageError('give TCP|UDP EXTPORT CLIENT:PORT')
  const { description, lease, 'remote-host': remoteHost } = flags
  const body = {
    protocol: protocol?.toUpperCase(),
    externalPort: numberOf(externalPort),
    internalClient,
    internalPort: numberOf(internalPort),
    ...(description !== undefined && { description }),
    ...(lease !== undefined && { lease: numberOf(lease) }),
    ...(remoteHost !== undefined && { remoteHost }),
  }
  insistOn(readAdd(body))
  const answer = await ask(path, { method: 'POST', url: '/v1/mappings', body })
  if (answer.status !== 201) return reportRefusal(answer, io)
  io.out(flags.json ? `${JSON.stringify(answer.body, undefined, 2)}\n` : 'mapped\n')
  return DONE
}

async function remove(words: readonly string[], flags: Flags, io: Io, path: string): Promise<number> {
  const [protocol, port, ...rest] = words
  if (protocol === undefined || port === undefined || rest.length > 0)
    throw new UsageError('give TCP|UDP EXTPORT')
  const { 'remote-host': remoteHost = '' } = flags
  const key = insistOn(readKey({ protocol: protocol.toUpperCase(), port, remoteHost }))
  const query = key.remoteHost === '' ? '' : `?remoteHost=${key.remoteHost}`
  const url = `/v1/mappings/${key.protocol}/${key.externalPort}${query}`
  const answer = await ask(path, { method: 'DELETE', url })
  if (answer.status !== 204) return reportRefusal(answer, io)
  io.out('deleted\n')
  return DONE
}

/** What the daemon would not understand either is a wrong command line, whether or not one runs. */
function insistOn<T>(read: Decoded<T>): T {
  if (!read.ok) throw new UsageError(read.why)
  return read.value
}

/** A text that is no number stays one: what it must be is said where it is checked. */
const numberOf = (text: string | undefined): number | string | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : text
