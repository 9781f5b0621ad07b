import { ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import type { Target } from './harness.ts'

/** Where the input that is being taken is found after a run that hangs, or whose process ended. */
const PLACE = 'build/fuzz'

/** The target, with each input on the disk before it is taken. */
export function recorded(target: Target, place = PLACE): Target {
  mkdirSync(place, { recursive: true })
  const file = openSync(`${place}/${target.name}`, 'w')
  const note = (input: Uint8Array) => {
    ftruncateSync(file)
    writeSync(file, input, 0, input.length, 0)
  }
  return {
    ...target,
    open: async () => {
      const open = await target.open()
      return {
        ...open,
        take: (input) => {
          note(input)
          return open.take(input)
        },
      }
    },
  }
}
