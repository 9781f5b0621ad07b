import { type Socket, connect } from 'node:net'

// A control point with next to no cost of its own: requests are ready octets, of the answer only the end is looked for.

const TYPE = 'urn:schemas-upnp-org:service:WANIPConnection:2'

export interface Target {
  readonly address: string
  readonly port: number
  readonly path: string
}

export interface Answer {
  readonly status: number
  readonly body: string
}

type Args = Readonly<Record<string, string | number>>

/** The octets of one call. `close`: the connection is for this call alone. */
export function request(target: Target, action: string, args: Args, close: boolean, type = TYPE): Buffer {
  const body =
    '<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action} xmlns:u="${type}">` +
    Object.entries(args)
      .map(([name, value]) => `<${name}>${value}</${name}>`)
      .join('') +
    `</u:${action}></s:Body></s:Envelope>\r\n`
  const head = [
    `POST ${target.path} HTTP/1.1`,
    `Host: ${target.address}:${target.port}`,
    'User-Agent: Linux/6 UPnP/1.1 bench/1',
    'Content-Type: text/xml; charset="utf-8"',
    `SOAPAction: "${type}#${action}"`,
    `Connection: ${close ? 'close' : 'keep-alive'}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}

/** One connection after the other, or the same again for as long as the server keeps it. */
export class Line {
  readonly #target: Target
  #from = ''
  #socket: Socket | undefined
  #heard = ''
  #settle: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined

  constructor(target: Target) {
    this.#target = target
  }

  /** `from` is the address of the LAN host that asks. */
  ask(octets: Buffer, from: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (from !== this.#from) this.close()
      this.#from = from
      this.#heard = ''
      this.#settle = { resolve, reject }
      this.#socket ??= this.#open()
      this.#socket.write(octets)
    })
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #open(): Socket {
    const { address: host, port } = this.#target
    const socket = connect({ host, port, localAddress: this.#from, noDelay: true })
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => this.#hear(socket, text))
    socket.on('error', (error) => this.#settle?.reject(error))
    socket.on('close', () => {
      if (this.#socket === socket) this.#settle?.reject(new Error('closed without an answer'))
    })
    return socket
  }

  #hear(socket: Socket, text: string): void {
    this.#heard += text
    const end = this.#heard.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = this.#heard.slice(0, end)
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
    if (this.#heard.length < end + 4 + length) return
    if (/^connection: *close/im.test(head)) {
      this.#socket = undefined
      socket.destroy()
    }
    this.#settle?.resolve({ status: Number(head.slice(9, 12)), body: this.#heard.slice(end + 4) })
  }
}
