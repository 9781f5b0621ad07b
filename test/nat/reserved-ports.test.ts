import { describe, expect, it } from 'vitest'
import { reserve, unreserve } from '../../src/nat/reserved-ports.ts'

const BLOCK = { first: 49152, last: 57343 }

const machine = (list: string | Error) => {
  const state = { list, warnings: [] as string[] }
  const silent = () => undefined
  const log = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (_: object, text: string) => void state.warnings.push(text),
  }
  const attempt = <T>(work: (list: string) => T) =>
    state.list instanceof Error ? Promise.reject(state.list) : Promise.resolve(work(state.list))
  const ports = {
    read: () => attempt((text) => `${text}\n`),
    write: (text: string) => attempt(() => void (state.list = text)),
  }
  return { state, log, ports }
}

describe('reserve', () => {
  it.each([
    ['an empty list', '', '49152-57343'],
    ['what others keep', '8080,9000-9010', '8080,9000-9010,49152-57343'],
    ['the block itself', '49152-57343', '49152-57343'],
    ['a range around it', '40000-60000', '40000-60000'],
    ['a part of it', '50000-57343', '50000-57343,49152-57343'],
  ])('%s', async (_name, before, after) => {
    const { state, log, ports } = machine(before)
    await reserve(ports, BLOCK, log)
    expect(state).toEqual({ list: after, warnings: [] })
  })

  it('says what to do where the list cannot be written', async () => {
    const { state, log, ports } = machine(new Error('EROFS'))
    await reserve(ports, BLOCK, log)
    expect(state.warnings).toEqual([
      'ports 49152-57343 cannot be reserved: set net.ipv4.ip_local_reserved_ports = 49152-57343 on the host',
    ])
  })
})

describe('unreserve', () => {
  it.each([
    ['the block alone', '49152-57343', ''],
    ['the block among others', '8080,49152-57343,60000', '8080,60000'],
    ['a range around it', '40000-60000', '40000-60000'],
  ])('%s', async (_name, before, after) => {
    const { state, log, ports } = machine(before)
    await unreserve(ports, BLOCK, log)
    expect(state).toEqual({ list: after, warnings: [] })
  })

  it('says so where the list cannot be written', async () => {
    const { state, log, ports } = machine(new Error('EROFS'))
    await unreserve(ports, BLOCK, log)
    expect(state.warnings).toEqual(['ports 49152-57343 stay reserved'])
  })
})
