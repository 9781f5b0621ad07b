import { beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../src/config/load.ts'
import type { Interfaces } from '../src/lan/interfaces.ts'
import { followInterfaces } from '../src/network.ts'
import { VirtualClock } from './support/virtual-clock.ts'

const on = (...cidrs: string[]) =>
  cidrs.map((cidr) => ({ address: '', netmask: '', family: 'IPv4' as const, mac: '', internal: false, cidr }))

const LAN = on('192.168.1.1/24')
const [A, B, BOTH, NONE] = [
  on('100.64.0.2/10'),
  on('100.64.0.3/10'),
  on('100.64.0.3/10', '100.64.0.2/10'),
  on(),
]

let clock: VirtualClock
let interfaces: Interfaces
let done: string[]
let stop: () => void

beforeEach(() => {
  clock = new VirtualClock()
  interfaces = { br0: LAN, wan0: A }
  done = []
  const does = (what: string) => (detail?: unknown) => {
    done.push(typeof detail === 'string' ? `${what} ${detail}` : what)
    return Promise.resolve()
  }
  const ignore = () => undefined
  const log = { debug: ignore, info: ignore, warn: ignore, error: does('error') }
  const config = loadConfig({ file: undefined, environment: {}, flags: { lan: ['br0'], wan: 'wan0' } })
  if (!config.ok) throw new Error('no configuration')
  const nat = { setLans: does('nat'), endFlowsOf: does('end flows of') }
  const followers = {
    http: { setLans: does('http') },
    ssdp: { setLans: does('ssdp') },
    leave: does('leave'),
    reconnect: does('reconnect'),
  }
  stop = followInterfaces(config.value, { clock, log, interfaces: () => interfaces, nat }, followers)
})

async function wan(...addresses: Interfaces[string][]) {
  for (const address of addresses) {
    interfaces = { ...interfaces, wan0: address }
    await clock.advance(500)
  }
  return done
}

describe('the WAN address', () => {
  it.each<[string, Interfaces[string][], string[]]>([
    ['stays', [A, A], []],
    ['is another one', [B], ['end flows of 100.64.0.2', 'reconnect']],
    ['is another one, and the old one still works', [BOTH], ['leave', 'reconnect']],
    ['is lost', [NONE], ['reconnect']],
    ['is lost and comes back', [NONE, A], ['reconnect', 'reconnect']],
    ['is lost, and another one comes', [NONE, B], ['reconnect', 'end flows of 100.64.0.2', 'reconnect']],
    ['T27: flaps', [B, A], ['end flows of 100.64.0.2', 'reconnect', 'end flows of 100.64.0.3', 'reconnect']],
    ['goes with its interface', [undefined], ['reconnect']],
  ])('%s', async (_what, addresses, expected) => {
    expect(await wan(...addresses)).toEqual(expected)
  })

  it('after stop nobody follows it', async () => {
    stop()
    expect(await wan(B)).toEqual([])
  })
})

it('a LAN address: HTTP listens there before SSDP says so', async () => {
  interfaces = { ...interfaces, br0: on('192.168.9.1/24') }
  await clock.advance(500)
  expect(done).toEqual(['http', 'nat', 'ssdp'])
})
