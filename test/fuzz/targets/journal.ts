import { crc32 } from 'node:zlib'
import { FORMAT, encodeLine, replay } from '../../../src/store/format.ts'
import { millis } from '../../../src/lib/units.ts'
import { octets } from '../corpus.ts'
import type { Target } from '../harness.ts'

const HEADER = { journal: FORMAT, bootId: 'b', lastGeneration: 7, systemUpdateId: 3 }
const STAMP = { at: millis(5), date: 6, systemUpdateId: 4 }
const CLAIM = { generation: 8, protocol: 'TCP', client: '192.168.1.10', internalPort: 8080, wanPort: 49152 }
const ENTRY = { remoteHost: '', description: 'web', lease: 3600, leaseEnd: 3_600_000, order: 1 }
const ACTIVE = {
  ...CLAIM,
  state: 'ACTIVE',
  externalPort: 8080,
  external: { address: '203.0.114.1', port: 8080 },
  lifetime: 3600,
  preferFailure: true,
  filtered: false,
  entries: [ENTRY],
}

const line = (content: object): string => {
  const json = JSON.stringify(content)
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

/** The lines with checksums that fit, where they are JSON: as a disk or a hand would have left them. */
const resummed = (text: string): string =>
  text
    .split('\n')
    .map((each) => {
      try {
        const content: unknown = JSON.parse(each.slice(9))
        return typeof content === 'object' && content !== null ? line(content).trimEnd() : each
      } catch {
        return each // It is tried as it is.
      }
    })
    .join('\n')

/** A journal of any content is read, or refused as one of a newer version. */
export const journal: Target = {
  name: 'journal',
  corpus: octets(
    encodeLine(HEADER),
    encodeLine(HEADER) + line({ ...STAMP, put: { ...CLAIM, state: 'INTENT', externalPort: 0, until: 99 } }),
    encodeLine(HEADER) + line({ ...STAMP, put: ACTIVE }) + encodeLine({ ...STAMP, drop: 8 }),
  ),
  words: [
    '00000000 \n',
    '{}',
    '[]',
    'null',
    '"put":',
    '"drop":8',
    '"journal":2',
    '"__proto__":{}',
    '1e400',
    '-0',
    '\n',
  ],
  open: () => ({
    take: (input) => {
      const text = Buffer.from(input).toString()
      for (const each of [text, resummed(text)]) {
        const read = replay(each)
        if (!read.ok && !read.why.startsWith('format ')) throw new Error(`refused for ${read.why}`)
      }
    },
  }),
}
