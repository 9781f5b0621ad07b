import { execFileSync } from 'node:child_process'
import type { Place } from './place.ts'

/** Runs a measure of `pcp-round-trip.js` where the daemon runs, against the carrier that runs already. */
export function askOnRouter(place: Place, measure: 'client' | 'rate' | 'round-trip', calls: number): unknown {
  const script = new URL('pcp-round-trip.js', import.meta.url).pathname
  const command = [process.execPath, script, measure, place.carrier, String(calls)]
  const [file = '', ...args] = place.on('cpe', command)
  return JSON.parse(execFileSync(file, args, { encoding: 'utf8' }))
}
