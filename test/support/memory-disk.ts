import type { Disk, DiskFile } from '../../src/store/disk.ts'

/** A file: what the program sees of it, and what of that survives a power cut for sure. */
interface Inode {
  text: string
  durable: string
}

/** Syncs that a program must not leave out: of one record, of a whole new file, of the name that this is given. */
export const SYNCS = ['record sync', 'rewrite sync', 'directory sync'] as const
export type Sync = (typeof SYNCS)[number]

/** A disk that forgets what was not synced, whole or in part, as the dice fall. */
export class MemoryDisk implements Disk {
  /** Every write rejects. */
  broken = false
  /** Writes end in the middle, as the last block is full. */
  full = false
  /** What was written is not made to last. */
  unsynced = false
  /** Files cannot be made, but those that are open can grow. */
  noRoom = false
  /** Is not done, though it was asked for. */
  leavesOut: Sync | undefined
  /** What to do before each operation; the crash test ends the world here. */
  before: (operation: string) => Promise<void> = () => Promise.resolve()
  syncs = 0
  #names = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()

  async read(name: string): Promise<string | undefined> {
    await this.before('read')
    return this.#names.get(name)?.text
  }

  async create(name: string): Promise<DiskFile> {
    await this.#step('create')
    if (this.noRoom) throw new Error('ENOSPC')
    const inode: Inode = { text: '', durable: '' }
    this.#names.set(name, inode)
    return {
      append: async (text) => {
        const isFirst = inode.text === ''
        await this.#step('append')
        inode.text += this.full ? text.slice(0, text.length >> 1) : text
        if (this.full) throw new Error('ENOSPC')
        await this.#step('sync')
        if (this.unsynced) throw new Error('EIO')
        this.syncs++
        if (this.leavesOut !== (isFirst ? 'rewrite sync' : 'record sync')) inode.durable = inode.text
      },
      close: () => Promise.resolve(),
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename')
    const inode = this.#names.get(from)
    if (!inode) throw new Error('ENOENT')
    this.#names.delete(from)
    this.#names.set(to, inode)
  }

  async syncDirectory(): Promise<void> {
    await this.#step('syncDirectory')
    if (this.leavesOut !== 'directory sync') this.#durableNames = new Map(this.#names)
  }

  /** The power fails. What was not synced is lost, or a part of it is there: `dice` in [0, 1) says how much. */
  cut(dice: () => number): void {
    const names = dice() < 0.5 ? this.#durableNames : this.#names
    const survivors = [...names].map(([name, { durable, text }]): [string, Inode] => {
      const rest = text.slice(durable.length)
      const left = durable + rest.slice(0, Math.floor(dice() * (rest.length + 1)))
      return [name, { text: left, durable: left }]
    })
    this.#names = new Map(survivors)
    this.#durableNames = new Map(survivors)
    this.broken = false
    this.full = false
    this.unsynced = false
  }

  /** The text of a file, for a test that reads or spoils it. */
  text(name = 'journal'): string {
    return this.#names.get(name)?.text ?? ''
  }

  spoil(change: (text: string) => string, name = 'journal'): void {
    const text = change(this.text(name))
    this.#names.set(name, { text, durable: text })
  }

  async #step(operation: string): Promise<void> {
    await this.before(operation)
    if (this.broken) throw new Error('EIO')
  }
}
