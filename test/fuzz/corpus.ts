import { readFileSync, readdirSync } from 'node:fs'

const VECTORS = new URL('../vectors/', import.meta.url)

/** The files of a folder in test/vectors, octet for octet. */
export const corpus = (folder: string): readonly Uint8Array[] =>
  readdirSync(new URL(`${folder}/`, VECTORS))
    .sort()
    .map((name) => readFileSync(new URL(`${folder}/${name}`, VECTORS)))

export const octets = (...texts: readonly string[]): readonly Uint8Array[] =>
  texts.map((text) => Buffer.from(text))
