import { createHash } from 'node:crypto'
import type { IgdVersion } from '../core/types.ts'
import { escapeMarkup } from '../lib/html.ts'
import type { Ipv4Address } from '../lib/ip.ts'

/** What operators may put on the label of the device. What is undefined is left out of the descriptions. */
interface DeviceLabel {
  readonly friendlyName: string
  readonly manufacturer: string
  readonly manufacturerUrl: string | undefined
  readonly modelName: string
  readonly modelDescription: string
  readonly modelNumber: string
  readonly modelUrl: string | undefined
  readonly serialNumber: string | undefined
}

/** `uuid:…` of the three devices; both facades have the same (WANIPConnection:2 lets :2 stand for :1). */
interface Udns {
  readonly igdUdn: string
  readonly wanUdn: string
  readonly connectionUdn: string
}

export interface DescriptionValues {
  readonly label: DeviceLabel
  readonly udns: Udns
  /** UDA 1.1 §2.3: changes whenever a description does. */
  readonly configId: number
  readonly httpPort: number
  /** Is there a status page? Without one the descriptions name no presentationURL. */
  readonly hasPage: boolean
}

/** The files of `descriptors/` by name. */
export type Descriptors = ReadonlyMap<string, string>

/** Documents as they are sent, by path. */
export type Documents = ReadonlyMap<string, Buffer>

/** Where each facade's root description is. */
export const DESCRIPTION_PATH: Readonly<Record<IgdVersion, string>> = { 1: '/igd1.xml', 2: '/igd2.xml' }

/**
 * Every document to serve, by path. The device descriptions name the LAN address they are served on, as their
 * presentationURL must be absolute for Windows.
 */
export function documentsFor(
  descriptors: Descriptors,
  values: DescriptionValues,
  address: Ipv4Address,
): Documents {
  return filled(descriptors, values, address)
}

/**
 * UDA 1.1 §2.1: a number below 2^24 that changes with any of the documents. Their addresses, which differ from LAN to
 * LAN, do not count.
 */
export function configIdOf(descriptors: Descriptors, values: Omit<DescriptionValues, 'configId'>): number {
  const hash = createHash('sha256')
  for (const [path, document] of filled(descriptors, { ...values, configId: 0 }, ''))
    hash.update(`${path} ${document.length}\n`).update(document)
  return hash.digest().readUIntBE(0, 3)
}

function filled(descriptors: Descriptors, values: DescriptionValues, address: string): Documents {
  const { configId, hasPage, httpPort, label, udns } = values
  const presentationUrl = hasPage ? `http://${address}:${httpPort}/` : undefined
  const known = new Map<string, string | number | undefined>(
    Object.entries({ ...label, ...udns, configId, presentationUrl }),
  )
  return new Map([...descriptors].map(([name, template]) => [`/${name}`, Buffer.from(fill(template, known))]))
}

/** One placeholder a line at most; a line whose value is undefined goes. */
function fill(template: string, values: ReadonlyMap<string, string | number | undefined>): string {
  return template.replace(/^.*\{\{(\w+)\}\}.*\n/gm, (line, name: string) => {
    if (!values.has(name)) throw new Error(`a description asks for ${name}, which nothing sets`)
    const value = values.get(name)
    return value === undefined ? '' : line.replace(/\{\{\w+\}\}/, () => escapeMarkup(String(value)))
  })
}
