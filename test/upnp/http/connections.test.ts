import { beforeEach, describe, expect, it } from 'vitest'
import { Connections } from '../../../src/upnp/http/connections.ts'

let connections: Connections
/** The open ones, the oldest first. */
let open: string[]

beforeEach(() => {
  connections = new Connections()
  open = []
})

/** Opens one and gives it, if there is a place. */
function connect(host: string) {
  const end = () => void open.splice(open.indexOf(host), 1)
  const connection = { host, end }
  if (!connections.open(connection)) return undefined
  open.push(host)
  return connection
}

const opened = (host: string, times: number): number =>
  Array.from({ length: times }, () => connect(host)).filter(Boolean).length

describe('connections', () => {
  it('16 for one host, and one that closes makes a place', () => {
    const first = connect('a')
    expect(opened('a', 40)).toBe(15)
    if (first) connections.close(first)
    expect(opened('a', 40)).toBe(1)
  })

  it('64 in all', () => {
    for (const host of ['a', 'b', 'c', 'd']) expect(opened(host, 16)).toBe(16)
    opened('e', 16)
    expect(open).toHaveLength(64)
  })

  it('hosts that hold all places lose the oldest of them to a host that has none', () => {
    for (const host of ['a', 'b', 'c', 'd']) opened(host, 16)
    expect(connect('e')).toBeDefined()
    const counts = ['a', 'b', 'c', 'd', 'e'].map((host) => open.filter((each) => each === host).length)
    expect(counts).toEqual([15, 16, 16, 16, 1])
  })

  it('64 addresses of one attacker do not keep a host out either', () => {
    for (let i = 0; i < 64; i++) expect(connect(`forged ${i}`)).toBeDefined()
    expect(connect('a')).toBeDefined()
    expect(open).toHaveLength(64)
    expect(open).not.toContain('forged 0')
  })

  it('nobody takes a place from a host that has no more than itself', () => {
    for (const host of ['a', 'b', 'c', 'd']) opened(host, 15)
    opened('e', 4)
    for (let i = 0; i < 40; i++) connect('f')
    const of = (host: string) => open.filter((each) => each === host).length
    expect(of('e')).toBe(4)
    expect(Math.abs(of('a') - of('f'))).toBeLessThanOrEqual(2)
  })
})
