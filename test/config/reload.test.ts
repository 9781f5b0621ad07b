import { describe, expect, it } from 'vitest'
import { KEYS } from '../../src/config/keys.ts'
import { loadConfig } from '../../src/config/load.ts'
import { changedKeys, reloaded, takesEffect } from '../../src/config/reload.ts'

function config(more = '') {
  const text = `lan.interfaces = ["lan0"]\nwan.interface = "wan0"\n${more}`
  const loaded = loadConfig({ file: { name: 'r.toml', text }, environment: {}, flags: {} })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.why))
  return loaded.value
}

const AFTER = config(
  'access.perHost = 5\naccess.addRate = 9\naccess.rules = ["deny 0-65535 0.0.0.0/0 0-65535"]\nhttp.port = 5001\npcp.releaseOnExit = true\n',
)

describe('a reload', () => {
  it('nothing changed', () => {
    expect(changedKeys(config(), config())).toEqual({ reload: [], restart: [] })
  })

  it('tells what it takes over and what waits for a restart', () => {
    expect(changedKeys(config(), AFTER)).toEqual({
      reload: ['pcp.releaseOnExit', 'access.rules', 'access.perHost'],
      restart: ['access.addRate', 'http.port'],
    })
  })

  it('takes over exactly the keys that it says', () => {
    const [before, after] = [config(), reloaded(config(), AFTER)]
    const taken = changedKeys(before, after)
    expect(taken).toEqual({ reload: changedKeys(before, AFTER).reload, restart: [] })
    expect(changedKeys(after, AFTER).reload).toEqual([])
  })

  it('the keys it knows are keys', () => {
    expect(KEYS.filter(({ name }) => takesEffect(name) === 'reload').length).toBe(5)
  })
})
