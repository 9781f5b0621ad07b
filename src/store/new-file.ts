import { codeOf } from '../lib/error-code.ts'
import { constants } from 'node:fs'
import { type FileHandle, open, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

const { O_CREAT, O_EXCL, O_WRONLY } = constants

/**
 * A new file for our eyes only, in place of what stands there; `flags` beside those for that. Where root runs the daemon
 * by hand, in the directory of the user that its unit runs as, that user has to read it afterwards: so the file is that
 * of whoever has the directory. Nothing that this user may have put there, as a link to elsewhere, is followed.
 */
export async function newFile(path: string, flags = 0): Promise<FileHandle> {
  await rm(path, { force: true })
  const file = await open(path, O_CREAT | O_EXCL | O_WRONLY | flags, 0o600)
  try {
    await handOver(dirname(path), (uid, gid) => file.chown(uid, gid))
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Where root made something in the directory of another user, `chown` is asked to make it that user's. */
export async function handOver(
  directory: string,
  chown: (uid: number, gid: number) => Promise<void>,
): Promise<void> {
  const { gid, uid } = await stat(directory)
  if (uid === 0 || process.getuid?.() !== 0) return
  try {
    await chown(uid, gid)
  } catch (error) {
    // A root that may do no such thing, as in a container, has run here before and will again.
    if (codeOf(error) !== 'EPERM') throw error
  }
}
