import { codeOf } from '../lib/error-code.ts'
import { once } from 'node:events'
import { lchown, stat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { join } from 'node:path'
import { hold, letGo } from '../lib/held-socket.ts'
import { handOver } from './new-file.ts'

// Two daemons on one state directory would delete each other's mappings. Two sockets are the lock, as the kernel knows
// whether somebody listens, also after a kill -9: one in the directory, which containers that share it see too, and one
// without a file, named after the directory, which a disk that takes nothing cannot keep from being made. That one is seen
// in the same network namespace only (unix(7)): in two of them, two daemons that both cannot write do not meet.

/** The disk takes nothing, now or ever: no reason not to start. */
const UNWRITABLE: ReadonlySet<unknown> = new Set(['EROFS', 'ENOSPC', 'EDQUOT', 'EIO'])

/** Takes the directory, until disposed. Rejects with one clear sentence when a daemon has it. */
export async function lock(directory: string): Promise<AsyncDisposable> {
  const inUse = new Error(`another igd-pcp uses ${directory}; end it: a router has only one`)
  const name = await hold(await nameOf(directory))
  if (!name) throw inUse
  const held = [name]
  try {
    const path = join(directory, 'lock')
    const file = await unlessUnwritable(async () => (await hold(path)) ?? (await takenOver(path)))
    if (file === undefined) throw inUse
    if (file !== 'unwritable') {
      held.unshift(file)
      await handOver(directory, (uid, gid) => lchown(path, uid, gid))
    }
    return { [Symbol.asyncDispose]: () => letGo(held) }
  } catch (error) {
    await letGo(held)
    throw error
  }
}

/** unix(7): a name that begins with NUL is in no directory. It is the same by whichever path the directory is found. */
async function nameOf(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory, { bigint: true })
  return `\0igd-pcp ${dev} ${ino}`
}

async function unlessUnwritable<T>(task: () => Promise<T>): Promise<T | 'unwritable'> {
  try {
    return await task()
  } catch (error) {
    if (UNWRITABLE.has(codeOf(error))) return 'unwritable'
    throw error
  }
}

/** What a dead daemon left is no lock. */
async function takenOver(path: string): Promise<Server | undefined> {
  if (await isAlive(path)) return undefined
  await unlink(path)
  return await hold(path)
}

async function isAlive(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    if (codeOf(error) === 'ECONNREFUSED') return false
    throw error
  } finally {
    socket.destroy()
  }
}
