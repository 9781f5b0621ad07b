import { codeOf } from '../lib/error-code.ts'
import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { nextBootId } from '../lib/boot-id.ts'
import { type Port, port } from '../lib/units.ts'
import { newFile } from './new-file.ts'

// What an installation keeps for ever, each in a file of its own: who it is on the LAN, and the secret its nonces
// are derived from. A lost secret is a mapping that nobody can delete any more (RFC 6887 §11.2).

export interface Identity {
  /** UUID of the root device. */
  readonly uuid: string
  /** 32 octets that never leave the machine. */
  readonly secret: Uint8Array
  /** UDA 1.1 §1.2.2: grows with every start. */
  readonly bootId: number
  /** Where PCP is asked from: random, and then always the same (RFC 6887 §8). */
  readonly sourcePort: Port
}

/** An identity, and what of it the disk did not take. */
export interface LoadedIdentity extends Identity {
  /** Why the disk did not take all of it; undefined when it did. */
  readonly unkept: string | undefined
  /** Writes what is not written yet. Rejects while the disk takes nothing. */
  readonly keep: () => Promise<void>
}

const SECRET_SIZE = 32
/** RFC 6335 §6: dynamic ports, without those that `nat.ports` keeps for mappings unless told otherwise. */
const SOURCE_PORTS = { first: 57_344, last: 65_535 }

/**
 * Reads the identity in `dir`, making what is missing. A disk that takes nothing is no reason not to start: then nothing
 * new may be asked of the carrier until `keep` has succeeded, as nonces of a secret that is lost are lost too. Rejects
 * when the directory cannot be made or read.
 */
export async function loadIdentity(dir: string): Promise<LoadedIdentity> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const files = new Unwritten()
  const uuid = await kept(files, join(dir, 'uuid'), parseUuid, () => randomUUID())
  const secret = await kept(files, join(dir, 'secret'), parseSecret, () =>
    randomBytes(SECRET_SIZE).toString('hex'),
  )
  const sourcePort = await kept(files, join(dir, 'source-port'), parseSourcePort, drawSourcePort)
  const bootId = await takeBootId(files, dir)
  return {
    unkept: files.failure,
    keep: () => files.write(),
    uuid,
    secret: Uint8Array.from(Buffer.from(secret, 'hex')),
    bootId,
    sourcePort: port(Number(sourcePort)),
  }
}

/** Keeps the boot id that is about to be announced: the next start begins above it. */
export const saveBootId = (dir: string, bootId: number): Promise<void> =>
  writeDurably(join(dir, 'boot-id'), String(bootId))

/** Files that wait for a disk that takes them. */
class Unwritten {
  readonly #files = new Map<string, string>()
  #writing: Promise<void> | undefined
  failure: string | undefined

  async put(path: string, text: string): Promise<void> {
    this.#files.set(path, text)
    try {
      await this.write()
    } catch (error) {
      this.failure = String(error)
    }
  }

  /** Those who come while it goes on share it. */
  async write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined))
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    for (const [path, text] of this.#files) {
      await writeDurably(path, text)
      this.#files.delete(path)
    }
  }
}

async function takeBootId(files: Unwritten, dir: string): Promise<number> {
  const path = join(dir, 'boot-id')
  const last = Number(await readText(path))
  const bootId = Number.isSafeInteger(last) && last >= 0 ? nextBootId(last) : 1
  await files.put(path, String(bootId))
  return bootId
}

async function kept(
  files: Unwritten,
  path: string,
  parse: (text: string) => string | undefined,
  make: () => string,
): Promise<string> {
  const text = await readText(path)
  if (text === undefined) {
    const made = make()
    await files.put(path, made)
    return made
  }
  const value = parse(text.trim())
  if (value === undefined)
    throw new Error(`${path} is damaged; restore it from a backup, or delete it to start anew`)
  return value
}

const parseUuid = (text: string): string | undefined =>
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined

const parseSecret = (text: string): string | undefined =>
  new RegExp(`^[0-9a-f]{${2 * SECRET_SIZE}}$`).test(text) ? text : undefined

const drawSourcePort = (): string => String(randomInt(SOURCE_PORTS.first, SOURCE_PORTS.last + 1))

const parseSourcePort = (text: string): string | undefined => {
  const number = /^[0-9]{5}$/.test(text) ? Number(text) : 0
  return number >= SOURCE_PORTS.first && number <= SOURCE_PORTS.last ? text : undefined
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whole or not at all, also when the power fails. */
async function writeDurably(path: string, text: string): Promise<void> {
  const part = `${path}.new`
  const file = await newFile(part)
  try {
    await file.writeFile(`${text}\n`)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(part, path)
}

/** The UUID of a device of this installation, always the same for one name (RFC 4122 §4.3). */
export function uuidFor(root: string, name: string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(root.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex', 0, 16)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
