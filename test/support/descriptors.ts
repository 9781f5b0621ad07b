import { readFileSync, readdirSync } from 'node:fs'
import type { Descriptors } from '../../src/upnp/description.ts'

const FOLDER = new URL('../../descriptors/', import.meta.url)

/** The files of descriptors/, as the build puts them in. */
export const descriptors: Descriptors = new Map(
  readdirSync(FOLDER).map((name) => [name, readFileSync(new URL(name, FOLDER), 'utf8')]),
)
