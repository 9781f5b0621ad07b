import { codeOf } from './error-code.ts'
import { lstat, mkdir, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'

/** Owner and group alone. */
const MASK = 0o117

/**
 * Makes `server` listen on a Unix socket at `path`, in a directory that is made if it is missing. A socket that nobody
 * listens on any more is replaced. Rejects with one clear sentence where somebody does, or where `path` is something
 * else; `setting` is what the operator sets it by.
 */
export async function listenAt(server: Server, path: string, setting: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 })
  await makeWay(path, setting)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // The file is made within the call of listen, so the mask holds for nothing else.
    const mask = process.umask(MASK)
    server.listen(path, resolve)
    process.umask(mask)
  })
}

async function makeWay(path: string, setting: string): Promise<void> {
  const file = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (!file) return
  if (!file.isSocket())
    throw new Error(`${path} is there and is no socket; move it away or choose another ${setting}`)
  if (await isAnswered(path))
    throw new Error(`another igd-pcp answers at ${path}; stop it, or choose another ${setting}`)
  await unlink(path)
}

const isAnswered = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
