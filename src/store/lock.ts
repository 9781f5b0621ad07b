import { once } from 'node:events'
import { unlink } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

// Two daemons on one state directory would delete each other's mappings. A socket in it is the lock: the kernel
// knows whether somebody listens there, also after a kill -9 and across containers that share the directory.

/** Takes the directory, until disposed. Rejects with one clear sentence when a daemon has it. */
export async function lock(directory: string): Promise<AsyncDisposable> {
  const path = join(directory, 'lock')
  const server = (await listening(path)) ?? (await takenOver(path))
  if (!server) throw new Error(`another igd-pcp uses ${directory}; end it: a router has only one`)
  return {
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

/** Undefined when the path is there already. */
async function listening(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy())
  server.listen(path)
  try {
    await once(server, 'listening')
  } catch (error) {
    if (isError(error, 'EADDRINUSE')) return undefined
    throw error
  }
  return server.unref()
}

/** What a dead daemon left is no lock. */
async function takenOver(path: string): Promise<Server | undefined> {
  if (await isAlive(path)) return undefined
  await unlink(path)
  return await listening(path)
}

async function isAlive(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    if (isError(error, 'ECONNREFUSED')) return false
    throw error
  } finally {
    socket.destroy()
  }
}

const isError = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
