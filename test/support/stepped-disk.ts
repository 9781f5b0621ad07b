import type { Disk, DiskFile } from '../../src/store/disk.ts'
import type { MemoryDisk } from './memory-disk.ts'
import type { Step } from './world/process.ts'

/** `disk` as a process has it that may die at each step, and in a sync, which takes as long as `syncing`. */
export function steppedDisk(disk: MemoryDisk, step: Step, syncing: () => Promise<void>): Disk {
  const wrapped = (file: DiskFile): DiskFile => ({
    append: (text) => step('append', () => file.append(text)),
    close: () => step('close', () => file.close()),
  })
  disk.before = (operation) => (operation === 'sync' ? syncing() : Promise.resolve())
  return {
    read: (name) => step('read', () => disk.read(name)),
    create: (name) => step('create', async () => wrapped(await disk.create(name))),
    rename: (from, to) => step('rename', () => disk.rename(from, to)),
    syncDirectory: () => step('sync directory', () => disk.syncDirectory()),
  }
}
