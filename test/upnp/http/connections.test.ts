import { describe, expect, it } from 'vitest'
import { Connections } from '../../../src/upnp/http/connections.ts'

const opened = (connections: Connections, host: string, times: number): number =>
  Array.from({ length: times }, () => connections.open(host)).filter(Boolean).length

describe('connections', () => {
  it('16 for one host', () => {
    expect(opened(new Connections(), 'a', 40)).toBe(16)
  })

  it('64 in all', () => {
    const connections = new Connections()
    const hosts = Array.from({ length: 20 }, (_, i) => `host ${i}`)
    expect(hosts.map((host) => opened(connections, host, 10)).reduce((a, b) => a + b)).toBe(64)
  })

  it('one that closes makes room, for its host and for all', () => {
    const connections = new Connections()
    for (const host of ['a', 'b', 'c', 'd']) opened(connections, host, 16)
    expect(connections.open('e')).toBe(false)
    connections.close('a')
    expect(connections.open('b')).toBe(false)
    expect(connections.open('a')).toBe(true)
    connections.close('b')
    expect(connections.open('e')).toBe(true)
  })

  it('a host that is refused does not count', () => {
    const connections = new Connections()
    opened(connections, 'a', 40)
    for (let i = 0; i < 16; i++) connections.close('a')
    expect(opened(connections, 'a', 40)).toBe(16)
  })
})
