import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'

/** Headers of an answer to a control point, spelled as they go out. */
export type ExactHeaders = Readonly<Record<string, string | number>>

/**
 * Answers past fastify, which writes header names in lower case: some control points look for EXT or SERVER as UDA
 * spells them. One answer a connection and its length said beforehand is what the oldest understand.
 */
export function answerExactly(
  reply: FastifyReply,
  status: number,
  headers: ExactHeaders,
  body: Buffer,
): void {
  reply.hijack()
  reply.raw.writeHead(status, { ...headers, 'Content-Length': body.length, Connection: 'close' })
  reply.raw.end(body)
}

/** The status in words: what is wrong with a request is nobody's business but the log's. */
export const refuse = (reply: FastifyReply, status: number): FastifyReply =>
  reply
    .code(status)
    .header('connection', 'close')
    .type('text/plain; charset=utf-8')
    .send(`${STATUS_CODES[status] ?? 'Error'}\n`)
