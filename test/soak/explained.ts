import type { Kind } from './schedule.ts'

/** A line of the daemon's log. */
export interface Said {
  /** Seconds since the start of the soak. */
  readonly at: number
  readonly life: number
  /** 'none' for what was not written by the log, as Node's own warnings. */
  readonly level: string
  readonly message: string
  readonly line: string
}

interface Explanation {
  readonly message: RegExp
  /** What must have happened; an empty list where it is right at any time. */
  readonly after: readonly Kind[]
  /** For how many seconds afterwards. */
  readonly within: number
  readonly because: string
}

const REFUSED = 'carrier refused everybody'
const CARRIER: readonly Kind[] = ['carrier restarted empty', 'carrier silent', 'carrier gone', REFUSED]

/** Every warning and error that the soak provokes, and by what. Whatever else is said is a finding. */
const EXPLAINED: readonly Explanation[] = [
  {
    message: /^the PCP server lost its state; mapping all ports anew$/,
    after: ['carrier restarted empty', 'carrier gone', 'daemon killed', REFUSED],
    within: 120,
    because: 'It was restarted, and its epoch is new.',
  },
  {
    message:
      /^the carrier (has no resources|refuses to (renew a mapping|map a port anew|tell the external address)|grants this line no)/,
    after: [REFUSED],
    within: 120,
    because: 'It refused a neighbour too, which has nothing to do with igd-pcp.',
  },
  {
    message: /^the PCP server cannot be reached$/,
    after: [...CARRIER, 'WAN address changed'],
    within: 120,
    because: 'Nobody listens there while it restarts, or the WAN is between two addresses.',
  },
  {
    message: /^no new mappings until the carrier answers; igd-pcp status says what to do$/,
    after: [...CARRIER, 'WAN address changed'],
    within: 30,
    because: 'It is silent, or the WAN is between two addresses.',
  },
  {
    message: /^the WAN has no IPv4 address any more$/,
    after: ['WAN address changed'],
    within: 30,
    because: 'It is between two addresses.',
  },
  {
    message: /^the way to the carrier changed; mapping all ports anew$/,
    after: ['WAN address changed'],
    within: 60,
    because: 'Mappings belong to the WAN address that asked for them.',
  },
  {
    message: /^the carrier keeps mappings of the old address until they end$/,
    after: ['WAN address changed'],
    within: 60,
    because: 'DHCP took the old address away before they could be deleted from it.',
  },
  {
    message: /^the carrier moved a mapping$/,
    after: ['WAN address changed', ...CARRIER],
    within: 260, // and the minute after which the log says how many more there were
    because: 'The old WAN address, or a neighbour, has the port until that mapping ends.',
  },
  {
    message: /^the carrier let a mapping lapse; it is asked for again$/,
    after: [...CARRIER, 'WAN address changed'],
    within: 160,
    because: 'Nobody answered the renewals until the lifetime was over.',
  },
]

const SPEAKS_UP = new Set(['warn', 'error', 'fatal', 'none'])

export function explanationOf(
  said: Said,
  causes: (at: number, within: number) => readonly Kind[],
): Explanation | undefined {
  return EXPLAINED.find(
    ({ message, after, within }) =>
      message.test(said.message) &&
      (after.length === 0 || causes(said.at, within).some((kind) => after.includes(kind))),
  )
}

/** Lines that need an explanation. */
export const needsExplanation = ({ level }: Said): boolean => SPEAKS_UP.has(level)

/** What the log adds to a line that stands for others of its kind, which it left out in the last minute. */
const REPEATED = / \(\d+ more\)$/

/** `began` is the date of second 0, in milliseconds. A line without a time of its own is as old as when it was read. */
export function parseLine(line: string, read: number, life: number, began: number): Said {
  try {
    const { level, msg, time } = JSON.parse(line) as { level: string; msg: string; time: string }
    const message = msg.replace(REPEATED, '')
    return { at: (Date.parse(time) - began) / 1000, life, level, message, line }
  } catch {
    return { at: read, life, level: 'none', message: line, line }
  }
}
