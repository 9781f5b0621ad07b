import type { StorePort } from '../../src/core/ports.ts'
import { type ClaimRecord, NOTHING_SAVED, type Saved } from '../../src/core/record.ts'

/** A disk that keeps everything at once. */
export class MemoryStore implements StorePort {
  readonly records = new Map<number, ClaimRecord>()
  /** What was given last, whether or not it was taken: written as soon as the disk takes it. */
  readonly given = new Map<number, ClaimRecord>()
  /** What was written, in order. */
  readonly writes: string[] = []
  /** The disk is full. */
  broken = false

  put(record: ClaimRecord): Promise<void> {
    this.given.set(record.generation, structuredClone(record))
    if (this.broken) return Promise.reject(new Error('no space left'))
    this.writes.push(`${record.state} ${record.generation}`)
    this.records.set(record.generation, structuredClone(record))
    return Promise.resolve()
  }

  drop(generation: number): Promise<void> {
    if (this.broken) return Promise.reject(new Error('no space left'))
    this.writes.push(`GONE ${generation}`)
    this.records.delete(generation)
    return Promise.resolve()
  }

  /** What the next run finds. */
  saved(sameBoot: boolean): Saved {
    const records = [...this.records.values()]
    const lastGeneration = Math.max(-1, ...this.writes.map((write) => Number(write.split(' ')[1])))
    return { ...NOTHING_SAVED, records, lastGeneration, sameBoot }
  }
}
