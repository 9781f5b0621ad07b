import { setTimeout as sleep } from 'node:timers/promises'
import type { Program } from '../lab/support/program.ts'
import { ADDRESS } from '../lab/support/topology.ts'
import { ask, echo, flow, type Transport, TRANSPORTS } from '../lab/support/traffic.ts'
import { grantedPort, upnpc } from '../lab/support/upnpc.ts'
import type { Stage } from './clients.ts'

/** How many mappings it has from the beginning to the end. */
export const TRAFFIC_MAPPINGS = TRANSPORTS.length

const OUTSIDE_PORT = 7500
const INSIDE_PORT = 6000
const INTERNET_PORT = 9000

/** Whoever listens on lan1 and on the internet, and the mappings without an end that join them. */
export async function prepareTraffic({ world: { lab } }: Stage): Promise<void> {
  const { lan1, internet } = lab.hosts
  const run = upnpc(lan1)
  for (const transport of TRANSPORTS) {
    await echo(lan1, transport, INSIDE_PORT)
    await echo(internet, transport, INTERNET_PORT)
    const printed = await run('-a', ADDRESS.lan1, INSIDE_PORT, OUTSIDE_PORT, transport, 0)
    if (grantedPort(printed) !== OUTSIDE_PORT) throw new Error(`no mapping for traffic: ${printed}`)
  }
}

/** Deletes those mappings. */
export async function endTraffic({ world: { lab } }: Stage): Promise<void> {
  const run = upnpc(lab.hosts.lan1)
  for (const transport of TRANSPORTS) {
    const printed = await run('-d', OUTSIDE_PORT, transport)
    if (!printed.includes('returned : 0')) throw new Error(printed)
  }
}

/** A peer on the internet reaches the LAN host at the external port, and sees it there when it calls out. */
async function expectBothWays(stage: Stage, transport: Transport): Promise<void> {
  const { hosts, carrier } = stage.world.lab
  await carrier.complete()
  const outside = { transport, address: ADDRESS.external, port: OUTSIDE_PORT }
  const inward = await ask(hosts.internet, outside)
  if (inward?.startsWith(`${ADDRESS.internet}:`) !== true)
    throw new Error(`inward over ${transport}: ${inward ?? 'no answer'}`)
  const toInternet = { transport, address: ADDRESS.internet, port: INTERNET_PORT }
  const seen = await ask(hosts.lan1, toInternet, INSIDE_PORT)
  if (seen !== `${ADDRESS.external}:${OUTSIDE_PORT}`)
    throw new Error(`outward over ${transport}: seen as ${seen ?? 'nobody'}`)
}

/** A connection that never pauses: how many answers came since the last look; begun anew when it was cut. */
class Lasting {
  #running: Program | undefined
  #seen = 0

  async look(stage: Stage, transport: Transport): Promise<void> {
    const { internet } = stage.world.lab.hosts
    const came = (this.#running?.lines.length ?? 0) - this.#seen
    const isCut = this.#running !== undefined && came < 5
    if (this.#running === undefined || isCut) {
      await this.end()
      this.#seen = 0
      this.#running = await flow(internet, { transport, address: ADDRESS.external, port: OUTSIDE_PORT })
    }
    this.#seen = this.#running.lines.length
    stage.tally.count(`answers over a lasting ${transport} flow`, Math.max(came, 0))
    if (isCut) throw new Error(`a lasting flow over ${transport} was cut`)
  }

  async end(): Promise<void> {
    await this.#running?.stop()
    this.#running = undefined
  }
}

/** Every ten seconds: both ways over both protocols, and a flow over each that lasts. */
export async function checkTraffic(stage: Stage): Promise<void> {
  const lasting = { TCP: new Lasting(), UDP: new Lasting() }
  while (!stage.leaving.aborted) {
    for (const transport of TRANSPORTS) {
      await stage.tally.step(`traffic ${transport}`, () => expectBothWays(stage, transport))
      await stage.tally.step(`flow ${transport}`, () => lasting[transport].look(stage, transport))
    }
    await sleep(10_000, undefined, { signal: stage.leaving }).catch(() => undefined)
  }
  for (const transport of TRANSPORTS) await lasting[transport].end()
}
