import { createServer } from 'node:http'
import type { Closers } from '../lib/closers.ts'
import { closeServer } from '../lib/http-server.ts'
import { listenAt } from '../lib/unix-socket.ts'
import { type ControlParts, controlApi } from './api.ts'

/** Opens the control socket at `path`, until the closers run. Rejects with one clear sentence. */
export async function openControl(path: string, parts: ControlParts, closers: Closers): Promise<void> {
  const app = controlApi(parts)
  closers.defer(() => app.close())
  await app.ready()
  const server = createServer((request, response) => app.routing(request, response))
  await listenAt(server, path, '--control')
  closers.defer(() => closeServer(server))
}
