import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { client, NAT_MODES, useLab } from './support/lab.ts'
import { until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { ask, echo } from './support/traffic.ts'
import { redirections } from './support/upnpc.ts'

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
