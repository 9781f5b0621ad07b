// Loaded into the daemon before its own code (node --import): writes every ten seconds what only the process itself
// knows, a JSON object a line. Now and then the garbage is collected first, so that what is left is what is held.
import { appendFileSync } from 'node:fs'
import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const { SOAK_MEASURES, SOAK_COLLECT_EVERY } = process.env
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
let measured = 0

function counts(names) {
  const found = {}
  for (const name of names) found[name] = (found[name] ?? 0) + 1
  return found
}

// It grows long after the start, as rarer functions become hot too. That is no leak, and would hide one.
function compiled() {
  const { code_and_metadata_size: code, bytecode_and_metadata_size: bytecode } = getHeapCodeStatistics()
  return code + bytecode
}

function measure() {
  measured += 1
  const collected = measured % Number(SOAK_COLLECT_EVERY) === 0
  if (collected) collect()
  const resources = counts(process.getActiveResourcesInfo())
  const line = {
    pid: process.pid,
    collected,
    code: collected ? compiled() : 0,
    ...process.memoryUsage(),
    resources,
  }
  appendFileSync(SOAK_MEASURES, `${JSON.stringify(line)}\n`)
}

setInterval(measure, 10_000).unref()
