import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UpnpHttp } from '../../src/upnp/http.ts'
import { ip } from '../support/fake-carrier.ts'
import { soapVectors } from '../support/soap-vectors.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { descriptors, fakeGateway, fakeLog, fieldsOf, values, worldOf } from './bench.ts'

// The requests of real control points, octet by octet, through a real listener.

const HOME = ip('127.0.0.1')

const { asked, gateway } = fakeGateway()
let port = 0
let http: UpnpHttp

beforeAll(async () => {
  const free = createServer().listen(0, HOME)
  await once(free, 'listening')
  const address = free.address()
  port = typeof address === 'object' && address ? address.port : 0
  free.close()
  await once(free, 'close')
  http = new UpnpHttp({
    clock: new VirtualClock(),
    log: fakeLog(),
    descriptors,
    values: { ...values, httpPort: port },
    world: worldOf(gateway),
    serverHeader: 'Linux/6.1 UPnP/1.1 igd-pcp/0.1.0',
    routes: [],
  })
  await http.start([{ name: 'lo', address: HOME, prefix: { address: HOME, length: 8 } }])
})

afterAll(() => http.stop())

async function answerTo(octets: Buffer): Promise<string> {
  const socket = connect({ port, host: HOME })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  socket.write(octets)
  if (!socket.closed) await once(socket, 'close')
  return Buffer.concat(chunks).toString().replace('HTTP/1.1 100 Continue\r\n\r\n', '')
}

/** The answer without its head. */
const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)

describe('§4.2 §4.3: requests seen in the field', () => {
  it.each(soapVectors())('$name: $comment', async (vector) => {
    asked.splice(0)
    const answer = await answerTo(vector.octets({ host: `${HOME}:${port}`, client: HOME }))
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${vector.status} `))
    if (vector.fault !== undefined) expect(fieldsOf(bodyOf(answer))['errorCode']).toBe(String(vector.fault))
    expect(asked.map(([method]) => method)).toEqual(vector.asked === undefined ? [] : [vector.asked])
  })

  it.each(soapVectors().filter(({ asked }) => asked?.startsWith('add')))(
    '$name: each argument is understood',
    async (vector) => {
      asked.splice(0)
      await answerTo(vector.octets({ host: `${HOME}:${port}`, client: HOME }))
      expect(asked[0]?.[1]).toMatchObject({ remoteHost: '', internalClient: HOME })
      expect(asked[0]?.[1]).not.toMatchObject({ externalPort: 0 })
    },
  )

  it('Latin-1 is read as what it says', async () => {
    asked.splice(0)
    const latin1 = soapVectors().find(({ name }) => name === 'latin-1')
    if (latin1) await answerTo(latin1.octets({ host: `${HOME}:${port}`, client: HOME }))
    expect(asked[0]?.[1]).toMatchObject({ description: 'Büro' })
  })
})
