import { crc32 } from 'node:zlib'
import type { KnownEpoch } from '../core/place.ts'
import type { ClaimRecord } from '../core/record.ts'
import { type Decoded, decoded, malformed } from '../lib/decoded.ts'
import { type Millis, millis } from '../lib/units.ts'
import { parseEpoch, parseRecord } from './record-schema.ts'

// The journal's text: one line a change, each with a checksum of its own, after a line that says which format it is.
// What was written last of a generation counts. Pure.

/** Grows when an older version would misread what this one writes. */
export const FORMAT = 2

/** Brings a line of one format to the next. */
type Upgrade = (line: unknown) => unknown
/** From format n, at [n - 1], to n + 1. */
const UPGRADES: readonly Upgrade[] = [
  // Format 1 did not say where a mapping stands: then it is taken to be where is asked at the next start.
  (line) => line,
]

export interface Header {
  readonly journal: number
  /** The kernel's id of the boot whose clock the times below are of. */
  readonly bootId: string
  readonly lastGeneration: number
  readonly systemUpdateId: number
}

/** When a line was written: by the clock, which begins anew with each boot, and by the date, which may be wrong. */
export interface Stamp {
  readonly at: Millis
  readonly date: number
}

export type Change =
  | { readonly put: ClaimRecord }
  | { readonly drop: number }
  /** What is known of the server's age. Written along with others, and at the end. */
  | { readonly epoch: KnownEpoch }

export type Line = Stamp & { readonly systemUpdateId: number } & Change

/** Joined, as lines are kept: V8 holds what a template puts together as the pieces and a tree over them. */
export const encodeLine = (line: Header | Line): string => {
  const json = JSON.stringify(line)
  return [crc32(json).toString(16).padStart(8, '0'), ' ', json, '\n'].join('')
}

export interface Kept extends Stamp {
  readonly record: ClaimRecord
}

export interface Replay {
  readonly kept: ReadonlyMap<number, Kept>
  readonly lastGeneration: number
  readonly systemUpdateId: number
  readonly epoch: KnownEpoch | undefined
  /** Undefined where the header is lost. */
  readonly bootId: string | undefined
  /** Is the last line not whole? A crash while it was written does that, and nothing was done on its strength. */
  readonly torn: boolean
  /** Lines before the last whole one that cannot be read: the disk lost them. */
  readonly lost: number
}

/** Reads all that can be read. Fails only on what a newer version wrote. */
export function replay(text: string, upgrades = UPGRADES): Decoded<Replay> {
  const lines = text.split('\n').filter((line) => line !== '')
  const contents = lines.map(contentOf)
  const header = parseHeader(contents[0])
  const format = formatOf(contents[0])
  if (format > upgrades.length + 1) return malformed(`format ${format}`)
  const whole = contents.findLastIndex((content) => content !== undefined)
  const changes = contents
    .slice(header ? 1 : 0, whole + 1)
    .map((content) =>
      content === undefined ? undefined : parseLine(upgraded(content, upgrades.slice(format - 1))),
    )
  return decoded({
    ...lastOfEach(changes, header),
    bootId: header?.bootId,
    torn: whole < lines.length - 1,
    lost: changes.filter((change) => change === undefined).length,
  })
}

function lastOfEach(changes: readonly (Line | undefined)[], header: Header | undefined) {
  const kept = new Map<number, Kept>()
  let lastGeneration = header?.lastGeneration ?? -1
  let systemUpdateId = header?.systemUpdateId ?? 0
  let epoch: KnownEpoch | undefined
  for (const line of changes) {
    if (!line) continue
    systemUpdateId = line.systemUpdateId
    if ('epoch' in line) {
      epoch = line.epoch
      continue
    }
    const generation = 'put' in line ? line.put.generation : line.drop
    lastGeneration = Math.max(lastGeneration, generation)
    if ('put' in line) kept.set(generation, { at: line.at, date: line.date, record: line.put })
    else kept.delete(generation)
  }
  return { epoch, kept, lastGeneration, systemUpdateId }
}

/** Undefined where the checksum does not fit, and where it is the one of nothing. */
function contentOf(line: string): unknown {
  const json = line.slice(9)
  if (json === '' || line.slice(0, 9) !== `${crc32(json).toString(16).padStart(8, '0')} `) return undefined
  return JSON.parse(json)
}

const upgraded = (content: unknown, upgrades: readonly Upgrade[]): unknown =>
  upgrades.reduce((line, upgrade) => upgrade(line), content)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** The one thing that every format says in the same way. */
const formatOf = (content: unknown): number =>
  isObject(content) && isCount(content['journal']) ? content['journal'] : FORMAT

function parseHeader(content: unknown): Header | undefined {
  if (!isObject(content)) return undefined
  const { bootId, journal, lastGeneration, systemUpdateId } = content
  if (!isCount(journal) || typeof bootId !== 'string') return undefined
  if (!isCount(lastGeneration, -1) || !isCount(systemUpdateId)) return undefined
  return { journal, bootId, lastGeneration, systemUpdateId }
}

function parseLine(content: unknown): Line | undefined {
  if (!isObject(content)) return undefined
  const { at, date, drop, epoch, put, systemUpdateId } = content
  if (typeof at !== 'number' || typeof date !== 'number' || !isCount(systemUpdateId)) return undefined
  const stamp = { at: millis(at), date, systemUpdateId }
  if (isCount(drop)) return { ...stamp, drop }
  const known = parseEpoch(epoch)
  if (known) return { ...stamp, epoch: known }
  const record = parseRecord(put)
  return record && { ...stamp, put: record }
}

const isCount = (value: unknown, least = 0): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least
