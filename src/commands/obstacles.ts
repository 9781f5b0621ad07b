import { codeOf } from '../lib/error-code.ts'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import type { Config } from '../config/schema.ts'
import { describeProblem, type Problem } from '../config/setting.ts'
import { lansOf, readInterfaces } from '../lan/interfaces.ts'
import { rivalGateway } from '../lan/rivals.ts'
import { bootTime } from '../lib/boot-time.ts'
import { Deadlines } from '../lib/deadlines.ts'
import type { Decoded } from '../lib/decoded.ts'
import type { IpAddress } from '../lib/ip.ts'
import type { Lan } from '../lib/lan.ts'
import type { Log } from '../lib/log.ts'
import { describePlaceError, isAbsent } from '../metrics/place.ts'
import { SSDP_PORT } from '../upnp/ssdp/message.ts'
import { udpSockets } from '../upnp/ssdp/udp-sockets.ts'
import { describeSystemError, missingInterface } from './preconditions.ts'
import { natObstacle } from './router-nat.ts'

/** What would keep the daemon from starting, each cause with its cure in one line. Nothing is changed. */
export async function obstacles(config: Decoded<Config, readonly Problem[]>): Promise<readonly string[]> {
  if (!config.ok) return config.why.map(describeProblem)
  const missing = missingInterface(config.value)
  if (missing !== undefined) return [missing]
  const lans = lansOf(readInterfaces(), config.value.lan)
  const found = await Promise.all([
    natObstacle(config.value, lans, { clock: new Deadlines(bootTime()), log: QUIET }),
    stateObstacle(config.value),
    ...lans.map(({ address }) => obstacleAt(address, config.value.http.port, describeSystemError)),
    ssdpObstacle(lans),
    metricsObstacle(config.value),
  ])
  return [...found, rivalObstacle()].filter((obstacle) => obstacle !== undefined)
}

async function stateObstacle({ state }: Config): Promise<string | undefined> {
  for (let dir = state.dir; ; dir = dirname(dir)) {
    try {
      await access(dir, constants.W_OK)
      return undefined
    } catch (error) {
      const absent = codeOf(error) === 'ENOENT'
      if (absent && dir !== dirname(dir)) continue
      return describeSystemError(error)
    }
  }
}

const obstacleAt = (
  address: IpAddress,
  port: number,
  describe: (error: Error) => string | undefined,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => resolve(describe(error)))
    server.listen(port, address, () => server.close(() => resolve(undefined)))
  })

/** Opens what the daemon would be found by, and says nothing over it. */
async function ssdpObstacle(lans: readonly Lan[]): Promise<string | undefined> {
  const sockets = udpSockets(QUIET, SSDP_PORT)
  try {
    await (await sockets.group(ignore)).close()
    for (const lan of lans) await (await sockets.lan(lan, ignore)).close()
    return undefined
  } catch (error) {
    return describeSystemError(error)
  }
}

/** An address that no interface has yet is waited for. */
async function metricsObstacle({ metrics: { listen: place } }: Config): Promise<string | undefined> {
  if (place.kind !== 'address') return undefined
  return await obstacleAt(place.address, place.port, (error) =>
    isAbsent(error) ? undefined : describePlaceError(error, place),
  )
}

function rivalObstacle(): string | undefined {
  const name = rivalGateway()
  return name === undefined
    ? undefined
    : `${name} is an Internet gateway of this router too; stop it: systemctl disable --now ${name}`
}

const ignore = () => undefined
const QUIET: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore }
