import { readdirSync, readFileSync } from 'node:fs'

/** A request as a control point of the field sends it; test/vectors/soap says which one. */
export interface SoapVector {
  readonly name: string
  /** Whose request it is. */
  readonly comment: string
  readonly status: number
  /** The errorCode of a fault. */
  readonly fault: number | undefined
  /** What the core is asked, if it is. */
  readonly asked: string | undefined
  /** The octets as they leave the client. */
  readonly octets: (values: { readonly host: string; readonly client: string }) => Buffer
}

const FOLDER = new URL('../vectors/soap/', import.meta.url)

export const soapVectors = (): readonly SoapVector[] =>
  readdirSync(FOLDER).map((file) => read(file, readFileSync(new URL(file, FOLDER), 'latin1')))

/**
 * Comment lines, one of them `# answer: STATUS|FAULT [METHOD]`, the head, an empty line, the body up to `{{end}}` or
 * the end of the file. Read as Latin-1, so that every octet of the file stays what it is.
 */
function read(file: string, text: string): SoapVector {
  const lines = text.split('\n')
  const comments = lines.filter((line, i) => line.startsWith('# ') && i < 5).map((line) => line.slice(2))
  const answer = comments.find((line) => line.startsWith('answer: '))?.split(' ') ?? []
  const request = text.slice(comments.reduce((length, line) => length + line.length + 3, 0))
  const gap = request.indexOf('\n\n')
  const [head, body] = [request.slice(0, gap), request.slice(gap + 2)]
  const code = Number(answer[1])
  const isFault = code !== 200 && code !== 403
  return {
    name: file.replace(/\.http$/, ''),
    comment: comments[0] ?? '',
    status: isFault ? 500 : code,
    fault: isFault ? code : undefined,
    asked: answer[2],
    octets: ({ host, client }) => {
      const filled = body.replaceAll('{{client}}', client)
      const [counted = '', beyond = ''] = filled.split('{{end}}')
      const given = head.replaceAll('{{host}}', host).replace('{{length}}', String(counted.length))
      const sent = /^transfer-encoding: chunked$/im.test(given) ? inChunks(counted) : counted + beyond
      return Buffer.from(`${given.replaceAll('\n', '\r\n')}\r\n\r\n${sent}`, 'latin1')
    },
  }
}

function inChunks(body: string): string {
  const middle = body.length >> 1
  const chunks = [body.slice(0, middle), body.slice(middle), '']
  return chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')
}
