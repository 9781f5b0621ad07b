import * as v from 'valibot'
import { ask, lines } from '../control/client.ts'
import { tr181Of } from '../control/tr181.ts'
import { withRival } from '../core/problems.ts'
import type { EventStatus, Status } from '../core/status.ts'
import { rivalGateway } from '../lan/rivals.ts'
import { parseArguments, UsageError } from './arguments.ts'
import { columns } from './columns.ts'
import { DAEMON_HELP, DAEMON_OPTIONS, daemonPlace, REFUSED, withDaemon } from './daemon.ts'
import { DONE, type Io } from './io.ts'
import { eventLine, statusText } from './status-text.ts'

const HELP = `usage: igd-pcp status [flags]

Says whether port mapping works, what is wrong and what to do about it, and what the carrier is like.

${columns([
  ...DAEMON_HELP,
  ['--tr181', 'With --json: the tree Device.PCP. of TR-181.'],
  ['--follow', 'Then each event as it happens, until Ctrl-C.'],
])}
Exit code 0: port mapping works or is about to; 1: it does not; 3: no daemon runs.
`

export async function status(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseArguments({
    args: [...argv],
    options: { ...DAEMON_OPTIONS, tr181: { type: 'boolean' }, follow: { type: 'boolean' } },
  })
  if (values.help) {
    io.out(HELP)
    return DONE
  }
  const { follow = false, json = false, tr181 = false } = values
  if (tr181 && (!json || follow)) throw new UsageError('--tr181 goes with --json, and without --follow')
  const place = await daemonPlace(values, io)
  return await withDaemon(place, io, async () => {
    const { body } = await ask(place.path, { method: 'GET', url: '/v1/status' })
    const now = withRival(asStatus(body), rivalGateway())
    io.out(shown(now, { json, tr181 }))
    if (follow)
      for await (const line of lines(place.path, '/v1/events'))
        io.out(json ? `${line}\n` : eventLine(asEvent(line)))
    return now.health.severity === 'error' ? REFUSED : DONE
  })
}

function shown(now: Status, { json, tr181 }: { readonly json: boolean; readonly tr181: boolean }): string {
  if (!json) return statusText(now)
  return `${JSON.stringify(tr181 ? tr181Of(now) : now, undefined, 2)}\n`
}

const VERSIONED = v.looseObject({ version: v.literal(1) })

/** The daemon may be of another release: then its answer is of a version that we do not know. */
function asStatus(body: unknown): Status {
  if (!v.is(VERSIONED, body)) throw new Error('the daemon is of another version of igd-pcp; restart it')
  return body as unknown as Status
}

const asEvent = (line: string): EventStatus => JSON.parse(line) as EventStatus
