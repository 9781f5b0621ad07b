import { type IncomingMessage, request } from 'node:http'

/** Nobody listens at the control socket, or we may not speak to who does. */
export class NoDaemon extends Error {
  readonly path: string
  /** Is somebody there whom we may not speak to? */
  readonly forbidden: boolean

  constructor(path: string, forbidden: boolean) {
    super(forbidden ? `no permission for ${path}` : `no daemon answers at ${path}`)
    this.path = path
    this.forbidden = forbidden
  }
}

export interface Answer {
  readonly status: number
  /** Parsed JSON; null for an empty answer. */
  readonly body: unknown
}

interface Question {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly body?: unknown
}

/** Longer than the daemon waits for the carrier. */
const PATIENCE = 35_000
const LONGEST_ANSWER = 64 * 1024 * 1024

/** Asks the daemon at the control socket. Rejects with NoDaemon where there is none. */
export async function ask(path: string, question: Question): Promise<Answer> {
  const response = await send(path, question)
  response.setEncoding('utf8')
  let text = ''
  for await (const part of response) {
    text += String(part)
    if (text.length > LONGEST_ANSWER) throw new Error(`too long an answer from ${path}`)
  }
  return { status: response.statusCode ?? 0, body: text === '' ? null : (JSON.parse(text) as unknown) }
}

/** The lines of an answer that does not end, as they come. */
export async function* lines(path: string, url: string): AsyncGenerator<string> {
  const response = await send(path, { method: 'GET', url }, 0)
  response.setEncoding('utf8')
  let rest = ''
  for await (const part of response) {
    const whole = `${rest}${String(part)}`.split('\n')
    rest = whole.pop() ?? ''
    yield* whole
  }
}

function send(path: string, { body, method, url }: Question, timeout = PATIENCE): Promise<IncomingMessage> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers =
    text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath: path, path: url, method, headers, timeout }, resolve)
    asking.on('timeout', () => asking.destroy(new Error(`the daemon at ${path} does not answer`)))
    asking.on('error', (error) => reject(asNoDaemon(error, path)))
    asking.end(text)
  })
}

const ABSENT: readonly unknown[] = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK']

function asNoDaemon(error: Error, path: string): Error {
  const code = 'code' in error ? error.code : undefined
  if (code === 'EACCES') return new NoDaemon(path, true)
  return ABSENT.includes(code) ? new NoDaemon(path, false) : error
}
