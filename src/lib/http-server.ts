import type { Server } from 'node:http'

/** Ends every connection at once; resolves when the address, or the file of a socket, is free again. */
export async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  await closed
}
