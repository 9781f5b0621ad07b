import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Carrier } from './support/carrier.ts'
import { call, IGD1, slowestAnswers } from './support/daemon.ts'
import { client, locate, NAT_MODES, useLab, useNetwork } from './support/lab.ts'
import { until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'
import { redirections } from './support/upnpc.ts'

// What has to wait for minutes, all at the same time.

const LIFETIME = 120
const LEASE = 150

describe.concurrent.each(NAT_MODES)('with nat: %s and a carrier that grants two minutes', (nat) => {
  const lab = useLab({ nat, maxLifetime: LIFETIME })
  const outside = { transport: 'UDP', address: ADDRESS.external, port: 7000 } as const
  const expiry = async () => (await lab().carrier.complete())[0]?.expiry ?? 0

  it('a longer lease is renewed; when it ends it is gone on both sides', { timeout: 200_000 }, async () => {
    const { lan1, internet } = lab().hosts
    const run = await client(lab())
    await echo(lan1, 'UDP', 6000)
    await run('-a', ADDRESS.lan1, 6000, 7000, 'UDP', LEASE)
    const added = performance.now()
    const at = (seconds: number) => sleep(added + seconds * 1000 - performance.now())
    const granted = await expiry()
    await until('the renewal', LIFETIME * 1000, async () => (await expiry()) > granted || undefined)

    await at(LIFETIME + 8)
    expect(await ask(internet, outside)).toMatch(`${ADDRESS.internet}:`)
    const [row] = redirections(await run('-l'))
    expect(row).toMatchObject({ externalPort: 7000 })
    expect(row?.lease).toBeLessThan(LEASE - LIFETIME)

    await at(LEASE + 3)
    expect(redirections(await run('-l'))).toEqual([])
    expect(await lab().carrier.complete()).toEqual([])
    expect(await ask(internet, outside)).toBeUndefined()
  })
})

describe.concurrent('a daemon that is killed and never started again', () => {
  const lab = useNetwork({ nat: 'nftables', maxLifetime: 60 })
  const outside = { transport: 'UDP', address: ADDRESS.external, port: 7000 } as const
  const elements = async () =>
    (await lab().hosts.cpe.must(['nft', 'list', 'table', 'ip', 'igd_pcp'])).match(
      /192\.168\.\d+\.\d+ \. 6000/g,
    )

  it('its maps end by themselves, after the mapping at the carrier', { timeout: 240_000 }, async () => {
    const { daemon, hosts } = lab()
    await daemon.start()
    const run = await client(lab())
    await echo(hosts.lan1, 'UDP', 6000)
    await run('-a', ADDRESS.lan1, 6000, 7000, 'UDP', 3600)
    expect(await ask(hosts.internet, outside)).toMatch(`${ADDRESS.internet}:`)
    expect(await elements()).not.toBeNull()

    await daemon.stop('SIGKILL')
    expect(await ask(hosts.internet, outside)).toMatch(`${ADDRESS.internet}:`)
    const gone = async () => (await elements()) === null || undefined
    await until('the kernel holds no element', 200_000, gone)
    expect(await lab().carrier.leases()).toEqual([])
    expect(await ask(hosts.internet, outside)).toBeUndefined()
  })
})

describe.concurrent('with a carrier that never answers', () => {
  const lab = useNetwork({ nat: 'nftables' })

  it('igd-pcp status says so within half a minute and what to do, and that it works when it does', async () => {
    const { carrier, daemon } = lab()
    carrier.stop()
    await daemon.start()
    const says = (words: string, within: number) =>
      until(words, within, async () => (await daemon.status()).includes(words) || undefined)
    await says(`error: the PCP server ${ADDRESS.carrier}:5351 does not answer; ask the carrier`, 40_000)
    await carrier.start()
    await says('Port mapping works: the carrier answers.', 30_000)
  }, 90_000)
})

const add = (externalPort: number, internalPort: number) => ({
  NewRemoteHost: '',
  NewExternalPort: externalPort,
  NewProtocol: 'TCP',
  NewInternalPort: internalPort,
  NewInternalClient: ADDRESS.lan1,
  NewEnabled: 1,
  NewPortMappingDescription: 'lab',
  NewLeaseDuration: 600,
})

const SILENCES = [
  {
    silence: 'says nothing',
    nat: 'nftables',
    begin: (carrier: Carrier) => carrier.pause(),
    end: (carrier: Carrier) => carrier.resume(),
  },
  {
    silence: 'is gone',
    nat: 'none',
    begin: (carrier: Carrier) => carrier.stop(),
    end: (carrier: Carrier) => carrier.start(),
  },
] as const

describe.concurrent.each(SILENCES)('with a carrier that $silence and nat: $nat', ({ nat, begin, end }) => {
  const lab = useLab({ nat })
  const ports = async () => (await lab().carrier.leases()).map((lease) => lease.externalPort)

  it('a new mapping gets 501 within 25 s, all else is answered within 50 ms; then things go on', async () => {
    const { lan1, lan2 } = lab().hosts
    const location = await locate(lab(), IGD1)
    expect(await call(lan1, location, 'AddPortMapping', add(7000, 6000))).toBe(200)
    begin(lab().carrier)
    const started = performance.now()
    const refused = call(lan1, location, 'AddPortMapping', add(7200, 6001)).then((code) => ({
      code,
      seconds: (performance.now() - started) / 1000,
    }))
    const slowest = await slowestAnswers(lan2, location, 20)
    expect(await refused).toMatchObject({ code: 501 })
    // The last second is for starting the control point's own program.
    expect((await refused).seconds).toBeLessThan(26)
    for (const [question, milliseconds] of slowest) {
      expect(milliseconds, question).toBeLessThan(question === 'search' ? 100 : 50)
    }

    await end(lab().carrier)
    await sleep(3_000) // The carrier now answers what it had not read: that must be undone.
    await until('the refused mapping is not at the carrier', 15_000, async () => {
      return (await ports()).join() === '7000' || undefined
    })
    await until('a new mapping', 30_000, async () => {
      return (await call(lan1, location, 'AddPortMapping', add(7200, 6001))) === 200 || undefined
    })
    expect(await ports()).toEqual([7000, 7200])
  }, 120_000)
})
