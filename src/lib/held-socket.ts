import { codeOf } from './error-code.ts'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

// A socket that nobody talks to, as a lock: the kernel knows whether somebody holds it, also after a kill -9. unix(7): a
// path that begins with NUL is in no directory, and seen in the same network namespace only.

/** Undefined when the path is there already. */
export async function hold(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy())
  server.listen(path)
  try {
    await once(server, 'listening')
  } catch (error) {
    if (codeOf(error) === 'EADDRINUSE') return undefined
    throw error
  }
  return server.unref()
}

/** Resolves when somebody else may hold them. */
export async function letGo(servers: readonly Server[]): Promise<void> {
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
}
