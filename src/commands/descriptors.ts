import { readdir, readFile } from 'node:fs/promises'
import type { Descriptors } from '../upnp/description.ts'

/** The device and service descriptions in `folder`, which comes with the package. */
export async function readDescriptors(folder: URL): Promise<Descriptors> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.xml')).sort()
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')))
  return new Map(names.map((name, i) => [name, texts[i] ?? '']))
}
