import type { Finding, ProbeReport } from '../probe/report.ts'
import { table } from './table.ts'

/** The report of a probe for people. */
export function probeText(report: ProbeReport): string {
  const { left, server, trouble } = report
  const rest =
    left.length === 0
      ? ''
      : `The server did not confirm that UDP ${left.join(', ')} is deleted; what is left of it ends by itself.\n`
  const verdict =
    trouble === undefined ? 'Port mapping will work.' : `Port mapping will not work: ${trouble}.`
  return `PCP server ${server}, ${SOURCES[report.source]}\n\n${table(rows(report))}\n${verdict}\n${rest}`
}

const SOURCES = {
  static: 'as configured',
  dhcp: 'named by DHCP',
  'default-router': 'the default router',
  anycast: 'the anycast address',
} as const

function rows(report: ProbeReport): readonly (readonly string[])[] {
  const { epoch, externalAddress, lifetime, options, protocol, protocolVersion, reachable } = report
  const row = (name: string, text: string | undefined) => (text === undefined ? [] : [[name, text]])
  return [
    ['reachable', reachable ? 'yes' : 'no'],
    ...row(
      'protocol',
      protocolVersion === undefined ? undefined : `${protocol ?? 'PCP'}, version ${protocolVersion}`,
    ),
    ...row('epoch', epoch === undefined ? undefined : `${epoch} s since it lost its state`),
    ...row('external address', externalAddress),
    ...row(
      'lifetimes',
      lifetime && `${lifetime.least} s to ${lifetime.most === undefined ? 'unknown' : `${lifetime.most} s`}`,
    ),
    ...Object.entries(options ?? {}).map(([name, finding]: [string, Finding]) => [name, inWords(finding)]),
  ]
}

const MEANING: Partial<Record<Finding['verdict'], string>> = {
  accepted: 'accepted; what the server makes of it cannot be seen from here',
  ignored: 'ignored',
}

function inWords({ result, verdict }: Finding): string {
  const text = MEANING[verdict] ?? verdict
  return result === undefined ? text : `${text} (${result})`
}
