import { beforeEach, describe, expect, it } from 'vitest'
import { type Stream, Streams } from '../../src/web/streams.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

describe('Streams', () => {
  let clock: VirtualClock
  let listeners: Set<() => void>
  let streams: Streams

  beforeEach(() => {
    clock = new VirtualClock()
    listeners = new Set()
    streams = new Streams(clock, (listener) => {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    })
  })

  const change = () => listeners.forEach((listener) => listener())

  function open(host = '192.168.1.10') {
    const sent: number[] = []
    const stream: Stream = { host, send: () => void sent.push(clock.now()) }
    const start = clock.now()
    streams.open(stream)
    return { stream, times: () => sent.map((at) => at - start) }
  }

  it('sends at once, and every ten seconds', async () => {
    const { times } = open()
    await clock.advance(25_000)
    expect(times()).toEqual([0, 10_000, 20_000])
  })

  it('sends a change soon, and what changes together once', async () => {
    const { times } = open()
    await clock.advance(1000)
    for (let i = 0; i < 100; i++) change()
    await clock.advance(5000)
    expect(times()).toEqual([0, 1300])
  })

  it('does not let a table that changes all the time be sent all the time', async () => {
    const { times } = open()
    for (let i = 0; i < 100; i++) {
      change()
      await clock.advance(10)
    }
    expect(times()).toEqual([0, 300, 600, 900])
  })

  it('has four places for a host, and sixteen in all', () => {
    for (let i = 0; i < 4; i++) open('192.168.1.10')
    expect([streams.hasPlace('192.168.1.10'), streams.hasPlace('192.168.1.11')]).toEqual([false, true])
    for (const host of ['a', 'b', 'c']) for (let i = 0; i < 4; i++) open(host)
    expect(streams.hasPlace('192.168.1.11')).toBe(false)
  })

  it('gives a place back when its page is closed', () => {
    const opened = [1, 2, 3, 4].map(() => open())
    for (const { stream } of opened.slice(2)) streams.close(stream)
    expect(streams.hasPlace('192.168.1.10')).toBe(true)
  })

  it('waits for nothing while nobody looks', async () => {
    const { stream, times } = open()
    streams.close(stream)
    expect(listeners.size).toBe(0)
    await clock.advance(60_000)
    expect(times()).toEqual([0])
  })
})
