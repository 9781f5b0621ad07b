import { codeOf } from '../../lib/error-code.ts'
import { watch } from 'node:fs'
import { readFile, stat, statfs } from 'node:fs/promises'
import type { LeaseDisk } from './lease-watch.ts'

/** Far more than a home has leases; a file above it is no lease file. */
const LARGEST = 4 * 1024 * 1024

/** The real disk. */
export const leaseDisk: LeaseDisk = { isFull, read, watch: watchDirectory }

async function read(path: string): Promise<string | undefined> {
  try {
    const file = await stat(path)
    if (!file.isFile()) throw new Error('it is no file') // a pipe would be waited for
    const { size } = file
    if (size > LARGEST) throw new Error(`it has ${size} bytes, more than a lease file should`)
    return await readFile(path, 'latin1')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** By what root may use too. A file system without a limit says that it has no blocks at all. */
async function isFull(path: string): Promise<boolean> {
  const { bfree, blocks } = await statfs(path)
  return blocks > 0 && bfree === 0
}

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].some((code) => code === codeOf(error))

function watchDirectory(
  directory: string,
  changed: (name: string | undefined) => void,
): Disposable | undefined {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => changed(name ?? undefined))
    watcher.on('error', () => watcher.close())
    return { [Symbol.dispose]: () => watcher.close() }
  } catch {
    return undefined // no inotify, or no more watches: then we look more often
  }
}
