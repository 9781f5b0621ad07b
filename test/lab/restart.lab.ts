import { rm } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { CLI } from './support/daemon.ts'
import { client, type Lab, NAT_MODES, useLab, useNetwork } from './support/lab.ts'
import { type Program, until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'

// A PCP server that is killed and comes back with an empty table and a new epoch, as a carrier's box does that
// reboots. No control point does anything, and after the next renewals all is as it was.

const LIFETIME = 120
const outside = { transport: 'UDP', address: ADDRESS.external, port: 7000 } as const

async function mapThree(lab: Lab): Promise<void> {
  const { lan1 } = lab.hosts
  await echo(lan1, 'UDP', 6000)
  const run = await client(lab)
  for (const n of [0, 1, 2]) await run('-a', ADDRESS.lan1, 6000 + n, 7000 + n, 'UDP', 3600)
}

describe.concurrent.each(NAT_MODES)('with nat: %s and miniupnpd killed and restarted', (nat) => {
  const lab = useLab({ nat, maxLifetime: LIFETIME })
  const ports = async () => (await lab().carrier.complete()).map(({ externalPort }) => externalPort).sort()

  it('T16: all mappings are back at their old ports, and traffic flows again', {
    timeout: 200_000,
  }, async () => {
    const { carrier, hosts } = lab()
    await mapThree(lab())
    expect(await ports()).toEqual([7000, 7001, 7002])
    expect(await ask(hosts.internet, outside)).toMatch(`${ADDRESS.internet}:`)

    carrier.stop()
    await rm(carrier.leaseFile)
    await carrier.start()
    expect(await ports()).toEqual([])
    expect(await ask(hosts.internet, outside)).toBeUndefined()

    const back = async () => ((await ports()).length === 3 ? true : undefined)
    await until('all three mappings', LIFETIME * 1000, back)
    expect(await ports()).toEqual([7000, 7001, 7002])
    expect(await ask(hosts.internet, outside)).toMatch(`${ADDRESS.internet}:`)
    // Each mapping once, and beside them what told of the restart, with room for a packet sent again.
    expect(await carrier.pcpRequests()).toBeLessThanOrEqual(9)
  })
})

describe('with nat: nftables and a server that speaks only NAT-PMP, killed and restarted', () => {
  const lab = useNetwork({ nat: 'nftables' })
  const start = async (): Promise<Program> => {
    const { carrier } = lab().hosts
    const flags = ['--external', ADDRESS.external, '--max-lifetime', String(LIFETIME), '--natpmp-only']
    const server = carrier.start([process.execPath, CLI, 'pcp-server', '--listen', ADDRESS.carrier, ...flags])
    await server.line(/^PCP server on/)
    return server
  }
  /** The external ports it granted, and the WAN port of each. It moves no packets, so the carrier is told. */
  const granted = (server: Program): ReadonlyMap<number, number> =>
    new Map(
      server.lines.flatMap((line) => {
        const found = /NAT-PMP map UDP (\d+) for [1-9]\d* s: SUCCESS (\d+) for/.exec(line)
        return found ? [[Number(found[2]), Number(found[1])]] : []
      }),
    )
  const forward = async (server: Program) => {
    const to = `${ADDRESS.cpeWan}:${String(granted(server).get(7000))}`
    await lab().hosts.carrier.nft(`flush chain inet cgn mapped_in
add rule inet cgn mapped_in iifname "out" udp dport 7000 dnat ip to ${to}
add rule inet cgn mapped_forward ct status dnat accept
`)
  }

  it('all mappings are back at their old ports, and traffic flows again', { timeout: 200_000 }, async () => {
    const { carrier, daemon, hosts } = lab()
    carrier.stop()
    const first = await start()
    await daemon.start()
    await mapThree(lab())
    await forward(first)
    expect([...granted(first).keys()].sort()).toContain(7002)
    expect(await ask(hosts.internet, outside)).toMatch(`${ADDRESS.internet}:`)

    await first.stop('SIGKILL')
    const second = await start()
    const back = () => ([7000, 7001, 7002].every((port) => granted(second).has(port)) ? true : undefined)
    await until('all three mappings', LIFETIME * 1000, back)
    await forward(second)
    expect(await ask(hosts.internet, outside)).toMatch(`${ADDRESS.internet}:`)
  })
})
