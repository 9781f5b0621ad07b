import { describe, expect, it } from 'vitest'
import { KEYS } from '../../src/config/keys.ts'
import { loadConfig } from '../../src/config/load.ts'
import { changedKeys, LiveConfig, reloaded } from '../../src/config/reload.ts'

function config(text: string) {
  const loaded = loadConfig({ file: { name: 'r.toml', text }, environment: {}, flags: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.why))
  return loaded.value
}

const BEFORE = config('lan.interfaces = ["lan0"]\nwan.interface = "wan0"\n')

/** Another value for every key. */
const AFTER = config(`
lan = { interfaces = ["lan1"], routed = ["10.9.0.0/16"], leases = ["/l"] }
wan = { interface = "wan1" }
nat = { mode = "none", ports = "50000-50001", masquerade = "off", allowLanPcp = true }
access = { rules = ["deny 0-65535 0.0.0.0/0 0-65535"], refusedPorts = [], perHost = 5, total = 6, addRate = 9, addBurst = 9, totalRate = 9, totalBurst = 9 }
state = { dir = "/s" }
control = { path = "/c" }
http = { port = 5001, page = "off" }
log = { level = "debug", format = "json" }
metrics = { listen = "127.0.0.1:9188" }
[pcp]
servers = ["192.0.2.1"]
dhcpDir = "/d"
anycast = true
maxLifetime = 600
natpmp = "off"
description = true
releaseOnExit = true
[igd]
default = 2
zeroLease = "static"
emptyClient = "caller"
probe = "off"
friendlyName = "a"
manufacturer = "a"
manufacturerUrl = "http://a/"
modelName = "a"
modelDescription = "a"
modelNumber = "a"
modelUrl = "http://a/"
serialNumber = "a"
uuid = "01234567-89ab-cdef-0123-456789abcdef"
upstreamBps = 1
downstreamBps = 1
`)

const NAMES = KEYS.map(({ name }) => name)
const AT_RELOAD = KEYS.filter(({ about }) => about.reload).map(({ name }) => name)

describe('what a reload takes over', () => {
  it('nothing changed', () => {
    expect(changedKeys(BEFORE, BEFORE)).toEqual({ now: [], atRestart: [] })
  })

  it('every key is either taken over or waits for a restart', () => {
    const { atRestart, now } = changedKeys(BEFORE, AFTER)
    expect(new Set([...now, ...atRestart])).toEqual(new Set(NAMES))
    expect(now).toEqual(AT_RELOAD)
  })

  it('exactly the keys that the schema says', () => {
    const after = reloaded(BEFORE, AFTER)
    expect(changedKeys(BEFORE, after)).toEqual({ now: AT_RELOAD, atRestart: [] })
    expect(changedKeys(after, AFTER).now).toEqual([])
  })

  it.each([
    'access.rules',
    'access.addRate',
    'pcp.servers',
    'pcp.maxLifetime',
    'igd.probe',
    'http.page',
    'log.level',
    'metrics.listen',
  ])('%s among them', (name) => {
    expect(AT_RELOAD).toContain(name)
  })
})

describe('the configuration in force', () => {
  it('tells those who follow a key that changed, when it is in force, and nobody else', async () => {
    const live = new LiveConfig(BEFORE)
    const heard: string[] = []
    const tell = (what: string) => () => void heard.push(`${what} ${live.current.log.level}`)
    live.follow(['log.level', 'log.format'], tell('log'))
    const unfollow = live.follow(['log.level'], tell('gone'))
    live.follow(['metrics.listen'], tell('metrics'))
    unfollow()
    await live.take({ ...BEFORE, log: { ...BEFORE.log, level: 'debug' } })
    expect(heard).toEqual(['log debug'])
  })

  it('one that cannot follow keeps no other from it', async () => {
    const live = new LiveConfig(BEFORE)
    const heard: string[] = []
    live.follow(['metrics.listen'], () => Promise.reject(new Error('the port is taken')))
    live.follow(['log.level'], () => void heard.push('log'))
    const { failures, now } = await live.take(AFTER)
    expect(failures).toEqual(['the port is taken'])
    expect(heard).toEqual(['log'])
    expect(now).toEqual(AT_RELOAD)
  })

  it('a key that waits for a restart is named again at the next reload', async () => {
    const live = new LiveConfig(BEFORE)
    const first = await live.take(AFTER)
    const second = await live.take(AFTER)
    expect(second).toEqual({ now: [], atRestart: first.atRestart, failures: [] })
  })
})
