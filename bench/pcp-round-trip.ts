import { pcpRate, pcpRoundTrip } from './sections/floors.ts'
import { mapAll } from './sections/recovery.ts'

// Started on the router by the benchmark: WHAT CARRIER CALLS. Prints the result as JSON.

const MEASURES = { 'round-trip': pcpRoundTrip, rate: pcpRate, client: mapAll } as const

const isMeasure = (name: string): name is keyof typeof MEASURES => name in MEASURES

const [name = '', carrier = '', calls = '0'] = process.argv.slice(2)
if (!isMeasure(name)) throw new Error(`no such measure: ${name}`)
process.stdout.write(`${JSON.stringify(await MEASURES[name](carrier, Number(calls)))}\n`)
process.exit()
