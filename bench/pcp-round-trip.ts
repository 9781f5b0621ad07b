import { pcpRoundTrip } from './sections/floors.ts'

// Started on the router by the benchmark: CARRIER CALLS. Prints the latency as JSON.

const [carrier = '', calls = '0'] = process.argv.slice(2)
process.stdout.write(`${JSON.stringify(await pcpRoundTrip(carrier, Number(calls)))}\n`)
