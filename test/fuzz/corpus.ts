import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'

const VECTORS = new URL('../vectors/', import.meta.url)

/** The files of a folder in test/vectors, octet for octet. */
export const corpus = (folder: string): readonly Uint8Array[] =>
  readdirSync(new URL(`${folder}/`, VECTORS))
    .sort()
    .map((name) => readFileSync(new URL(`${folder}/${name}`, VECTORS)))

export const octets = (...texts: readonly string[]): readonly Uint8Array[] =>
  texts.map((text) => Buffer.from(text))

const found = (target: string): URL => new URL(`fuzz/${target}.txt`, VECTORS)

/** An input as a line of text: a JSON string with a character an octet. */
export const lineOf = (input: Uint8Array): string =>
  JSON.stringify(Buffer.from(input).toString('latin1')).replace(
    /[\x7f-\xff]/g,
    (octet) => `\\u00${octet.charCodeAt(0).toString(16)}`,
  )

/** What guided runs found for a target so far. */
export function readFound(target: string): readonly Uint8Array[] {
  const file = found(target)
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => Buffer.from(String(JSON.parse(line)), 'latin1'))
}

export function writeFound(target: string, inputs: readonly Uint8Array[]): void {
  mkdirSync(new URL('fuzz/', VECTORS), { recursive: true })
  writeFileSync(
    found(target),
    inputs
      .map((input) => `${lineOf(input)}\n`)
      .sort()
      .join(''),
  )
}
