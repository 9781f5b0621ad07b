import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { Daemon, IGD1 } from '../support/daemon.ts'
import { client, type Lab, locate, useNetwork } from '../support/lab.ts'
import { python } from '../support/python.ts'
import { ADDRESS } from '../support/topology.ts'
import { redirections } from '../support/upnpc.ts'
import { attack, OWN_REQUESTS, serve, underAttack } from './service.ts'

// PCP from where it must not come: a neighbour on the carrier's segment, and hosts of the LAN. See docs/attacks.md.

const FORGER = fileURLToPath(new URL('forger.py', import.meta.url))
const HELD = 7000
/** RFC 6887 §7.4 */
const SUCCESS = '0'

const lab = useNetwork({ nat: 'nftables', flags: ['--log-level', 'info'] })

const mapped = async ({ carrier }: Lab) => (await carrier.leases()).map(({ externalPort }) => externalPort)

/** Where the daemon asks from. */
const sourcePort = async () => (await readFile(join(lab().directory, 'state', 'source-port'), 'utf8')).trim()

/** lan1 asks the carrier's PCP server past the router, by the address that the carrier sees. */
const askCarrier = async (externalPort: number): Promise<string> => {
  const command = python('pcp_ask.py', ADDRESS.carrier, ADDRESS.cpeWan, externalPort)
  return (await lab().hosts.lan1.must(command)).trim()
}

beforeAll(async () => {
  await lab().daemon.start()
  await (await client(lab(), 'lan2'))('-a', ADDRESS.lan2, 6000, HELD, 'UDP', 3600)
})

describe('a neighbour that forges what the PCP server says', () => {
  it('changes nothing, causes no storm of requests, and slows nobody down', async () => {
    const location = await locate(lab(), IGD1)
    await serve(lab(), location)
    const asked = await lab().carrier.pcpRequests()
    const lines = lab().daemon.lines()

    const { counts } = await underAttack(lab(), location, [
      async () => attack(lab().hosts.neighbour, FORGER, ADDRESS.cpeWan, await sourcePort(), ADDRESS.carrier),
    ])
    for (const kind of ['grants', 'errors', 'deaths', 'versions', 'noise'])
      expect(counts[0]?.[kind]).toBeGreaterThan(500)

    const run = await client(lab(), 'lan2')
    const listed = redirections(await run('-l'))
    expect(listed.map(({ externalPort }) => externalPort)).toEqual([HELD])
    expect(await run('-s')).toContain(`ExternalIPAddress = ${ADDRESS.external}`)
    expect(await mapped(lab())).toEqual([HELD])
    // A check for each ten seconds, and what lan2 asked for.
    expect((await lab().carrier.pcpRequests()) - asked).toBeLessThan(OWN_REQUESTS + 10)
    expect(lab().daemon.lines() - lines).toBeLessThan(100)
    expect(lab().daemon.log()).not.toMatch(/NAT-PMP|lost its state/)
  })
})

describe('a LAN host that talks to the carrier past the router', () => {
  /** How many packets have reached the PCP server that the daemon did not send. */
  const heard = async () => {
    const listed = await lab().hosts.carrier.must(['nft', 'list', 'table', 'inet', 'heard'])
    return Number(/packets (\d+)/.exec(listed)?.[1])
  }

  beforeAll(async () => {
    const rule = `udp dport 5351 udp sport != ${await sourcePort()} counter`
    await lab().hosts.carrier.nft(
      `table inet heard {\nchain input {\ntype filter hook input priority 0;\n${rule}\n}\n}`,
    )
  })

  it('RFC 7648 §4: is not heard, by PCP or by NAT-PMP, and deletes nothing', async () => {
    const { lan1 } = lab().hosts
    expect(await askCarrier(7666)).toBe('-')
    await lan1.run(['natpmpc', '-g', ADDRESS.carrier, '-a', '0', '0', 'udp', '0'], { timeout: 1500 })
    expect(await heard()).toBe(0)
    expect(await mapped(lab())).toEqual([HELD])
  })

  it('is heard where nat.allowLanPcp lets it', async () => {
    await lab().daemon.stop()
    const file = join(lab().directory, 'allow.toml')
    await writeFile(file, '[nat]\nallowLanPcp = true\n')
    const daemon = new Daemon(lab().hosts, { nat: 'nftables', flags: ['--config', file] }, lab().directory)
    await daemon.start()
    expect(await askCarrier(7666)).toBe(SUCCESS)
    expect(await heard()).toBe(1)
    expect((await mapped(lab())).sort()).toEqual([HELD, 7666])
    await daemon.stop()
  })
})
