import { Duplex } from 'node:stream'
import { parseXml } from '../../../src/upnp/xml.ts'
import { Connections } from '../../../src/upnp/http/connections.ts'
import { closeListener, openListener } from '../../../src/upnp/http/listener.ts'
import { soapVectors } from '../../support/soap-vectors.ts'
import { settle } from '../../support/virtual-clock.ts'
import { ip } from '../../support/fake-carrier.ts'
import { PEER, ROUTER, fakeLog } from '../../upnp/bench.ts'
import { appBench, eventBench } from '../../upnp/http/bench.ts'
import { corpus } from '../corpus.ts'
import type { Target } from '../harness.ts'

const ENDS = { peer: PEER, local: ROUTER, localPort: 5000 }

/** A connection that brings `input`, and keeps what comes back. */
class Connection extends Duplex {
  readonly remoteAddress = ENDS.peer
  readonly localAddress = ENDS.local
  readonly localPort = ENDS.localPort
  readonly #answer: Buffer[] = []

  constructor(input: Uint8Array) {
    super()
    // The server breaks a connection off with the error it found.
    this.on('error', () => undefined)
    this.push(input)
  }

  get answer(): string {
    return Buffer.concat(this.#answer).toString('latin1')
  }

  /** The other side has nothing more to say. */
  hangUp(): void {
    this.push(null)
  }

  override _read(): void {
    // All there is has been pushed.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#answer.push(chunk)
    done()
  }
}

const LIST = Buffer.from(`GET /igd2.xml HTTP/1.1\r\nHost: ${ROUTER}:5000\r\n\r\n`)

/** After this many turns of the event loop a request that is whole has its answer. */
const TURNS = 10

function check(answers: string): void {
  const answer = answers.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
  if (answer === '') return
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  if (!/^HTTP\/1\.1 (200|4\d\d|500|503) /.test(head))
    throw new Error(`an answer that is none: ${head.slice(0, 200)}`)
  if (!/^connection: close$/im.test(head)) throw new Error(`a connection that stays open: ${head}`)
  const body = Buffer.from(rest.join('\r\n\r\n'), 'latin1')
  const isSoap = head.includes('text/xml') && body.includes('Envelope')
  if (isSoap && !parseXml(body).ok) throw new Error('an answer that is not well-formed')
}

/** The HTTP side as it listens, fed with the octets of connections. */
const target = (name: string, corpus: readonly Uint8Array[]): Target => ({
  name,
  corpus,
  words: [
    'GET / HTTP/1.1\r\n',
    'POST /igd2/control/wan-ip-connection HTTP/1.1\r\n',
    'SUBSCRIBE /igd2/event/wan-ip-connection HTTP/1.1\r\n',
    `Host: ${ROUTER}:5000\r\n`,
    'Host: evil.example\r\n',
    'Content-Length: 99999999\r\n',
    'Content-Length: -1\r\n',
    'Transfer-Encoding: chunked\r\n\r\n',
    'Expect: 100-continue\r\n',
    'Connection: upgrade\r\nUpgrade: h2c\r\n',
    `CALLBACK: <http://${PEER}:80@8.8.8.8/>\r\n`,
    `CALLBACK: <http://${PEER}/>\r\n`,
    'NT: upnp:event\r\n',
    'SID: uuid:0\r\n',
    'TIMEOUT: Second-infinite\r\n',
    'Origin: null\r\n',
    '%00',
    '/../',
    '__proto__',
  ],
  open: async () => {
    const events = eventBench()
    const { app, asked, log } = appBench({ endsOf: () => ENDS, routes: [events.register] })
    await app.ready()
    const server = await openListener(
      { address: ip('127.0.0.1'), port: 0 },
      {
        log: fakeLog(),
        handler: (request, response) => app.routing(request, response),
        connections: new Connections(),
        isFromLan: () => true,
      },
    )
    const ask = async (input: Uint8Array): Promise<string> => {
      const connection = new Connection(input)
      server.emit('connection', connection)
      for (let turn = 0; turn < TURNS && !connection.closed; turn++) await settle()
      connection.hangUp()
      if (!connection.closed) await new Promise((resolve) => connection.once('close', resolve))
      return connection.answer
    }
    let taken = 0
    return {
      take: async (input) => {
        check(await ask(input))
        await settle()
        for (const { callbacks, host } of events.begun.splice(0))
          for (const { address, path } of callbacks)
            if (address !== PEER || host !== PEER || !/^\/[!-~]*$/.test(path))
              throw new Error(`events to ${address}${path}`)
        const failures = log.lines.filter(({ level }) => level === 'error')
        if (failures.length > 0) throw new Error(`a bug: ${JSON.stringify(failures)}`)
        log.lines.length = asked.length = 0
        if ((taken += 1) % 50 === 0) await events.clock.advance(2_000_000)
      },
      close: async () => {
        const answer = await ask(LIST)
        if (!answer.startsWith('HTTP/1.1 200 OK')) throw new Error(`it does not answer any more: ${answer}`)
        closeListener(server)
        await app.close()
      },
    }
  },
})

const requests = soapVectors().map(({ octets }) => octets({ host: `${ROUTER}:5000`, client: PEER }))
const gets = ['/igd1.xml', '/igd2.xml', '/wan-ip-connection-2.xml', '/', '/style.css'].map((path) =>
  Buffer.from(
    `GET ${path} HTTP/1.1\r\nHost: ${ROUTER}:5000\r\nUser-Agent: Microsoft-Windows/10.0 UPnP/1.0\r\n\r\n`,
  ),
)

export const http = target('http', [...requests, ...gets])
export const gena = target('gena', corpus('gena'))
