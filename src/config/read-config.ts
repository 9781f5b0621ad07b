import { readFile } from 'node:fs/promises'
import { decoded, type Decoded, malformed } from '../lib/decoded.ts'
import type { ConfigFile } from './file.ts'
import { loadConfig, type Sources } from './load.ts'
import type { Config } from './schema.ts'
import type { Problem } from './setting.ts'

/** As `loadConfig`, with the file at `path`; undefined where there is none. */
export async function readConfig(
  path: string | undefined,
  others: Omit<Sources, 'file'>,
): Promise<Decoded<Config, readonly Problem[]>> {
  if (path === undefined) return loadConfig({ ...others, file: undefined })
  const file = await readText(path)
  return file.ok ? loadConfig({ ...others, file: file.value }) : malformed([file.why])
}

async function readText(path: string): Promise<Decoded<ConfigFile, Problem>> {
  try {
    return decoded({ name: path, text: await readFile(path, 'utf8') })
  } catch (error) {
    return malformed({ where: path, what: `cannot be read: ${reason(error)}` })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission; run it as root',
  EISDIR: 'it is a directory',
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  return REASONS[code] ?? error.message
}
