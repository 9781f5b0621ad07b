import { mkdir, readFile } from 'node:fs/promises'
import type { KnownEpoch } from '../core/place.ts'
import type { StorePort } from '../core/ports.ts'
import type { Recorded, Saved } from '../core/record.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { diskAt } from './disk.ts'
import { JournalStore } from './journal-store.ts'
import { lock } from './lock.ts'

const KERNEL_BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** The journal of one daemon, open. */
export interface OpenStore extends StorePort {
  /** What the last run left. */
  readonly saved: Saved
  /** Why the disk took nothing when it was last asked to; undefined since it took something. */
  readonly failure: string | undefined
  /** What is written from now on is about this, and no more what the last run left. */
  follow(recorded: Recorded): void
  /** Kept with the next change, and at the end. */
  noteEpoch(epoch: KnownEpoch): void
  /** Resolves when all is written. */
  close(): Promise<void>
}

/** Takes the state directory for this daemon alone, making it if it is not there. */
export async function openStateDirectory(
  directory: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<OpenStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const held = await lock(directory)
  const disk = diskAt(directory)
  const bootId = (await readFile(KERNEL_BOOT_ID, 'latin1')).trim()
  const store = new JournalStore({ clock, date: () => new Date().getTime(), log, disk, bootId })
  try {
    const saved = await store.open()
    return {
      saved,
      get failure() {
        return store.failure
      },
      put: (record) => store.put(record),
      drop: (generation) => store.drop(generation),
      follow: (recorded) => store.follow(recorded),
      noteEpoch: (epoch) => store.noteEpoch(epoch),
      close: async () => {
        await store.close()
        await held[Symbol.asyncDispose]()
      },
    }
  } catch (error) {
    await held[Symbol.asyncDispose]()
    throw error
  }
}
