import { describe, expect, it } from 'vitest'
import { CLI } from './support/daemon.ts'
import { NAT_MODES, useNetwork } from './support/lab.ts'
import { ADDRESS } from './support/topology.ts'

// What `igd-pcp probe` says of real servers, asked as the operator of the CPE asks.

const NONE = { code: 1, report: { version: 1, works: false, reachable: false, left: [] } }

describe.each(NAT_MODES)('with nat: %s', (nat) => {
  const lab = useNetwork({ nat, maxLifetime: 3600 })
  const command = (...words: readonly string[]) => [process.execPath, CLI, ...words]

  /** The server is the default router, which nobody has to name. */
  async function probe() {
    const { cpe } = lab().hosts
    const { code, stdout } = await cpe.run(command('probe', '--wan', 'wan', '--json'), { timeout: 60_000 })
    return { code, report: JSON.parse(stdout) as unknown }
  }

  it('miniupnpd, which lets third parties map where the CPE does no NAT', async () => {
    expect(await probe()).toMatchObject({
      code: 0,
      report: {
        works: true,
        server: `${ADDRESS.carrier}:5351`,
        source: 'default-router',
        protocol: 'PCP',
        protocolVersion: 2,
        externalAddress: ADDRESS.external,
        lifetime: { least: 10, most: 3600 },
        options: {
          PREFER_FAILURE: { verdict: 'ignored' }, // as built by Debian, a port in use becomes the next one
          THIRD_PARTY: { verdict: nat === 'none' ? 'allowed' : 'not allowed' },
        },
        left: [],
      },
    })
    expect(await lab().carrier.leases()).toEqual([])
  })

  it('a closed port, then the embedded server, by PCP and by NAT-PMP alone', async () => {
    lab().carrier.stop()
    expect(await probe()).toMatchObject({ ...NONE, report: { trouble: 'nothing listens there' } })
    const listen = ['pcp-server', '--listen', ADDRESS.carrier, '--external', ADDRESS.external]
    for (const [flags, report] of [
      [['--no-filter'], { protocol: 'PCP', options: { FILTER: { verdict: 'not supported' } } }],
      [['--natpmp-only'], { protocol: 'NAT-PMP', externalAddress: ADDRESS.external }],
    ] as const) {
      const server = lab().hosts.carrier.start(command(...listen, ...flags))
      await server.line(/^PCP server on /)
      expect(await probe()).toMatchObject({ code: 0, report: { works: true, left: [], ...report } })
      await server.stop()
    }
  })

  it('a black hole', { timeout: 40_000 }, async () => {
    const { carrier } = lab().hosts
    await carrier.nft('add rule inet cgn input udp dport 5351 drop')
    const { code, report } = await probe()
    expect({ code, report }).toMatchObject({ code: 1, report: { works: false, reachable: false } })
    expect(report).toMatchObject({ trouble: expect.stringContaining('no answer') as string })
  })
})
