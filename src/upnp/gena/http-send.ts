import { request } from 'node:http'
import type { Send } from './notify.ts'

/**
 * One connection a NOTIFY, to the address itself and from ours on its LAN: when that LAN is gone it fails instead of
 * finding another way out. A redirect is an answer like any other; nobody follows it.
 */
export const sendNotify: Send = ({ body, from, headers, to }, signal) =>
  new Promise((resolve, reject) => {
    const sent = request({
      method: 'NOTIFY',
      host: to.address,
      port: to.port,
      path: to.path,
      localAddress: from,
      agent: false,
      headers,
      signal,
    })
    sent.once('response', ({ statusCode = 0 }) => {
      resolve(statusCode)
      sent.destroy() // What else it says is not read.
    })
    sent.on('error', reject)
    // An upgrade that nobody asked for ends in neither an answer nor an error.
    sent.once('close', () => reject(new Error('the connection closed without an answer')))
    sent.end(body)
  })
