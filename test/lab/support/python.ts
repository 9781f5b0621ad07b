import { fileURLToPath } from 'node:url'

/** The command that runs one of the scripts here, with Debian's own Python: the one that has Debian's libraries. */
export function python(script: string, ...args: readonly (string | number)[]): readonly string[] {
  return ['/usr/bin/python3', fileURLToPath(new URL(script, import.meta.url)), ...args.map(String)]
}
