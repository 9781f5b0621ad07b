import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Place } from './place.ts'

/**
 * Runs a measure of `pcp-round-trip.js` where the daemon runs, against the carrier that runs already, whose output has to be
 * read meanwhile: else it waits for that.
 */
export async function askOnRouter(
  place: Place,
  measure: 'client' | 'rate' | 'round-trip',
  calls: number,
): Promise<unknown> {
  const script = new URL('pcp-round-trip.js', import.meta.url).pathname
  const command = [process.execPath, script, measure, place.carrier, String(calls)]
  const [file = '', ...args] = place.on('cpe', command)
  const { stdout } = await promisify(execFile)(file, args)
  return JSON.parse(stdout)
}
