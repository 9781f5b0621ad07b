import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { takePort } from './support/carrier.ts'
import { call, IGD1, slowestAnswers } from './support/daemon.ts'
import { client, type Lab, locate, NAT_MODES, useLab } from './support/lab.ts'
import { until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { redirections } from './support/upnpc.ts'

const CONFLICT = 'failed with code 718 (ConflictInMappingEntry)'

describe.each(NAT_MODES)('with nat: %s', (nat) => {
  const lab = useLab({ nat })

  it('a second LAN host that asks for a taken port gets 718, and the carrier is not asked', async () => {
    const [first, second] = [await client(lab(), 'lan1'), await client(lab(), 'lan2')]
    await first('-a', ADDRESS.lan1, 6000, 7000, 'TCP', 600)
    const asked = await lab().carrier.pcpRequests()
    expect(asked).toBeGreaterThan(0)
    expect(await second('-a', ADDRESS.lan2, 6000, 7000, 'TCP', 600)).toContain(CONFLICT)
    expect(await lab().carrier.pcpRequests()).toBe(asked)
    expect(redirections(await first('-l'))).toMatchObject([{ externalPort: 7000, address: ADDRESS.lan1 }])
  })

  it('a port that another subscriber has at the carrier gives 718, and nothing stays behind', async () => {
    await takePort(lab().hosts.neighbour, 'UDP', 7100)
    const run = await client(lab())
    const leases = await lab().carrier.leases()
    expect(await run('-a', ADDRESS.lan1, 6000, 7100, 'UDP', 600)).toContain(CONFLICT)
    await until('what the carrier gave instead is deleted', 5_000, async () => {
      return (await lab().carrier.leases()).length === leases.length || undefined
    })
    expect(redirections(await run('-l')).map((row) => row.externalPort)).toEqual([7000])
  })
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
    begin: (lab: Lab) => lab.carrier.pause(),
    end: (lab: Lab) => lab.carrier.resume(),
  },
  {
    silence: 'is gone',
    nat: 'none',
    begin: (lab: Lab) => lab.carrier.stop(),
    end: (lab: Lab) => lab.carrier.start(),
  },
] as const

describe.concurrent.each(SILENCES)('with a carrier that $silence and nat: $nat', ({ nat, begin, end }) => {
  const lab = useLab({ nat })
  const ports = async () => (await lab().carrier.leases()).map((lease) => lease.externalPort)

  it('a new mapping gets 501 within 25 s, all else is answered within 50 ms; then things go on', async () => {
    const { lan1, lan2 } = lab().hosts
    const location = await locate(lab(), IGD1)
    expect(await call(lan1, location, 'AddPortMapping', add(7000, 6000))).toBe(200)
    await begin(lab())
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

    await end(lab())
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
