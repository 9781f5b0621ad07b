import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inputOf } from '../fuzz/harness.ts'
import { gena, http } from '../fuzz/targets/http.ts'
import { ssdp } from '../fuzz/targets/ssdp.ts'
import { PEER, ROUTER } from '../upnp/bench.ts'
import { find, get, IGD1, slowestAnswers } from './support/daemon.ts'
import { client, type Lab, locate, useLab } from './support/lab.ts'
import { python } from './support/python.ts'
import { ADDRESS } from './support/topology.ts'
import { grantedPort } from './support/upnpc.ts'

// A LAN host that sends what it likes, next to one that wants to work.

/** `LAB_FLOOD=100000` sends as many of each kind. */
const INPUTS = Number(process.env['LAB_FLOOD'] ?? 2000)
/** Datagrams cost the sender less than connections do. */
const DATAGRAMS = 10
const MORE_MEMORY = 40

function record(kind: 'T' | 'U', input: Uint8Array): Buffer {
  const head = Buffer.alloc(5, kind)
  head.writeUInt32BE(input.length, 1)
  return Buffer.concat([head, input])
}

/** The requests of the corpus name the router and the host of the unit tests. */
const addressed = (input: Uint8Array): Uint8Array =>
  Buffer.from(
    Buffer.from(input).toString('latin1').replaceAll(ROUTER, ADDRESS.cpeLan).replaceAll(PEER, ADDRESS.lan1),
    'latin1',
  )

function inputs(seed: number): Buffer {
  const records = Array.from({ length: INPUTS }, (_, i) => [
    ...Array.from({ length: DATAGRAMS }, (_, n) => record('U', inputOf(ssdp, seed, i * DATAGRAMS + n))),
    record('T', addressed(inputOf(i % 4 === 0 ? gena : http, seed, i))),
  ])
  return Buffer.concat(records.flat())
}

async function flood(lab: Lab, seed: number): Promise<string> {
  const file = join(lab.directory, `flood-${seed}`)
  await writeFile(file, inputs(seed))
  return await lab.hosts.lan1.must(python('flood.py', file, ADDRESS.cpeLan), { timeout: 3600_000 })
}

// Without NAT, where no rule of ours in the kernel keeps floods from the daemon.
const lab = useLab({ nat: 'none', flags: ['--log-level', 'info'] })

describe('a host that sends noise', () => {
  it('leaves the router answering others, its memory flat and its log readable', {
    timeout: 3600_000,
  }, async () => {
    const { lan2 } = lab().hosts
    const location = await locate(lab(), IGD1)
    await flood(lab(), 1)
    const before = await lab().daemon.memory()
    const lines = lab().daemon.lines()

    const [counts, slowest] = await Promise.all([flood(lab(), 2), slowestAnswers(lan2, location, 5)])
    const [datagrams, requests, answered] = counts.trim().split(' ').map(Number)
    expect([datagrams, requests]).toEqual([INPUTS * DATAGRAMS, INPUTS])
    expect(answered).toBeGreaterThan(INPUTS / 4)
    expect([...slowest.keys()]).toContain('search')

    const grown = (await lab().daemon.memory()) - before
    const written = lab().daemon.lines() - lines
    const figures = [...slowest].map(([name, worst]) => `${name} ${worst} ms`)
    console.log(`${counts.trim()}: ${grown.toFixed(1)} MiB and ${written} lines more; ${figures.join(', ')}`)
    expect(grown).toBeLessThan(MORE_MEMORY)
    expect(written).toBeLessThan(200)
    const run = await client(lab(), 'lan2')
    expect(grantedPort(await run('-a', ADDRESS.lan2, 6000, 23_456, 'TCP', 600))).toBe(23_456)
  })
})

describe('a host that sends an octet a second', () => {
  it('slow-loris: holds its 16 connections for some seconds and keeps nobody out', async () => {
    const { lan1, lan2 } = lab().hosts
    const slow = lan1.start(python('slow.py', ADDRESS.cpeLan, 16))
    await slow.line(/^holding$/)
    const location = await find(lan2, IGD1)
    expect(await get(lan2, location ?? '')).toContain('InternetGatewayDevice:1')
    const [, seconds] = (await slow.line(/^over \d+$/, 20_000)).split(' ')
    expect(Number(seconds)).toBeLessThan(15)
    expect(await get(lan1, location ?? '')).toContain('InternetGatewayDevice:1')
  })
})
