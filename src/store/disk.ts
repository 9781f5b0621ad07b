import { codeOf } from '../lib/error-code.ts'
import { constants } from 'node:fs'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { newFile } from './new-file.ts'

/** A directory, as far as a journal needs one. Each method rejects with what the system says. */
export interface Disk {
  /** The whole file; undefined when there is none. */
  read(name: string): Promise<string | undefined>
  /** A new file, or an empty one in place of the old. */
  create(name: string): Promise<DiskFile>
  rename(from: string, to: string): Promise<void>
  /** Makes renames outlive a power cut. */
  syncDirectory(): Promise<void>
}

export interface DiskFile {
  /** Appends, and resolves when it would outlive a power cut. */
  append(text: string): Promise<void>
  close(): Promise<void>
}

/** Each write is a sync as well: one way to the disk and back for both. */
const SYNCED = constants.O_DSYNC

export const diskAt = (directory: string): Disk => ({
  read: async (name) => {
    try {
      return await readFile(join(directory, name), 'utf8')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  },
  create: async (name) => {
    const file = await newFile(join(directory, name), SYNCED)
    return {
      append: (text) => file.appendFile(text),
      close: () => file.close(),
    }
  },
  rename: (from, to) => rename(join(directory, from), join(directory, to)),
  syncDirectory: async () => {
    const handle = await open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
})
