import type { Closers } from '../lib/closers.ts'
import { type ControlParts, controlApi } from './api.ts'
import { closeSocket, listenAt } from './socket.ts'

/** Opens the control socket at `path`, until the closers run. Rejects with one clear sentence. */
export async function openControl(path: string, parts: ControlParts, closers: Closers): Promise<void> {
  const app = controlApi(parts)
  closers.defer(() => app.close())
  await app.ready()
  const server = await listenAt(path, (request, response) => app.routing(request, response))
  closers.defer(() => closeSocket(server))
}
