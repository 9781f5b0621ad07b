import { lstat, mkdir, unlink } from 'node:fs/promises'
import { type RequestListener, type Server, createServer } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'

/** Owner and group: whoever may write to the file is the operator. */
const MASK = 0o117

/**
 * Listens on a Unix socket at `path`, in a directory that is made if it is missing. A socket that nobody listens on
 * any more is replaced. Rejects with one clear sentence where somebody does, or where `path` is something else.
 */
export async function listenAt(path: string, handler: RequestListener): Promise<Server> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 })
  await makeWay(path)
  const server = createServer(handler)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // The file is made within the call of listen, so the mask holds for nothing else.
    const mask = process.umask(MASK)
    server.listen(path, resolve)
    process.umask(mask)
  })
  return server
}

/** Ends every connection at once, and takes the file away. */
export async function closeSocket(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}

async function makeWay(path: string): Promise<void> {
  const file = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (!file) return
  if (!file.isSocket())
    throw new Error(`${path} is there and is no socket; move it away or choose another --control`)
  if (await isAnswered(path))
    throw new Error(`another igd-pcp answers at ${path}; stop it, or choose another --control`)
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
