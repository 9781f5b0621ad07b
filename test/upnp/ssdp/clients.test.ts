import { readFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { GUESTS, HOME, IGD1, IGD2, THINGS, ssdpBench } from './bench.ts'

// Searches as control points send them, on a router with two LANs.

const FOLDER = new URL('../../vectors/ssdp/', import.meta.url)
const service = (type: string) => `urn:schemas-upnp-org:service:${type}`

/** By the last word of the file's name: the first ST that comes back, the path of its LOCATION, and how many come. */
const ANSWERS: Readonly<Record<string, readonly [st: string, path: string, count: number]>> = {
  all: [IGD1, '/igd1.xml', THINGS],
  igd1: [IGD1, '/igd1.xml', 1],
  igd2: [IGD2, '/igd2.xml', 1],
  ip1: [service('WANIPConnection:1'), '/igd1.xml', 1],
  ip2: [service('WANIPConnection:2'), '/igd2.xml', 1],
  ppp1: [service('WANPPPConnection:1'), '/igd1.xml', 1],
  rootdevice: ['upnp:rootdevice', '/igd1.xml', 1],
  uuid: ['uuid:a', '/igd1.xml', 1],
}

const searches = readdirSync(FOLDER).map((file) => {
  const name = file.replace('.txt', '')
  return [name, name.slice(name.lastIndexOf('-') + 1), readFileSync(new URL(file, FOLDER))] as const
})

async function answersTo(bytes: Uint8Array, via: 'group' | 'br1') {
  const { clock, server, sockets } = ssdpBench()
  await server.start([HOME, GUESTS])
  await clock.advance(2000)
  sockets.taken()
  const asked = clock.now()
  sockets.hear(bytes, '192.168.2.50', via)
  await clock.advance(5000)
  return sockets.taken().map((sent) => ({ ...sent, after: sent.at - asked }))
}

it.each(searches)('%s is answered once, from its LAN, within 100 ms', async (_name, what, bytes) => {
  const answers = await answersTo(bytes, 'group')
  const [st, path, count] = ANSWERS[what] ?? []
  expect(answers).toHaveLength(count ?? NaN)
  expect(answers[0]).toMatchObject({ headers: { ST: st, LOCATION: `http://192.168.2.1:5000${path}` } })
  for (const { after, lan, start, to } of answers) {
    expect([lan, to, start]).toEqual(['br1', '192.168.2.50:50000', 'HTTP/1.1 200 OK'])
    expect(after).toBeLessThanOrEqual(100)
  }
})

it('Tailscale asks the gateway itself as well', async () => {
  const [, , bytes] = searches.find(([name]) => name === 'tailscale-all') ?? []
  const answers = await answersTo(bytes ?? new Uint8Array(), 'br1')
  expect(answers).toHaveLength(THINGS)
  expect(answers.map(({ after }) => after)).toEqual(Array(THINGS).fill(0))
})
