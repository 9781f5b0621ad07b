import type { Disk, DiskFile } from './disk.ts'

const NAME = 'journal'
const NEW = 'journal.new'

/** Below this size a journal is not worth being written anew. */
const SMALL = 64 * 1024
/** How many times its size after that a journal may have. */
const GROWTH = 4

/** A file that is to take the place of the other. */
interface Written {
  readonly file: DiskFile
  readonly size: number
}

/** The file of the journal. Its methods are called one at a time; after one has rejected only `rewrite` helps. */
export class JournalFile {
  readonly #disk: Disk
  #file: DiskFile | undefined
  #size = 0
  #mostSize = 0

  constructor(disk: Disk) {
    this.#disk = disk
  }

  read(): Promise<string | undefined> {
    return this.#disk.read(NAME)
  }

  /** Is it time to leave out what is not true any more? */
  get isLarge(): boolean {
    return this.#size > this.#mostSize
  }

  /** Appends, and resolves when it would survive a crash. */
  async append(text: string): Promise<void> {
    if (!this.#file) throw new Error('the journal is not open')
    await this.#file.append(text)
    this.#size += text.length
  }

  /** Makes this all of it, whole or not at all. The parts are asked for one by one, each when the last one is written. */
  async rewrite(parts: Iterable<string>): Promise<void> {
    await this.#replace(await this.#written(parts))
  }

  /** The same where it can wait: false when there is no room for a second file, and the first is as it was. */
  async shrink(parts: Iterable<string>): Promise<boolean> {
    let written: Written
    try {
      written = await this.#written(parts)
    } catch {
      this.#mostSize = 2 * this.#size
      return false
    }
    await this.#replace(written)
    return true
  }

  async #written(parts: Iterable<string>): Promise<Written> {
    const file = await this.#disk.create(NEW)
    let size = 0
    try {
      for (const text of parts) {
        await file.append(text)
        size += text.length
      }
      return { file, size }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async #replace({ file, size }: Written): Promise<void> {
    await this.close()
    this.#file = file
    this.#size = size
    this.#mostSize = Math.max(SMALL, GROWTH * size)
    await this.#disk.rename(NEW, NAME)
    await this.#disk.syncDirectory()
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}
