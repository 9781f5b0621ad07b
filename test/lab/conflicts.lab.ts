import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { takePort } from './support/carrier.ts'
import { call, IGD1, slowestAnswers } from './support/daemon.ts'
import { client, type Lab, locate, NAT_MODES, useLab } from './support/lab.ts'
import { until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { grantedPort, redirections } from './support/upnpc.ts'

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
    expect(await lab().carrier.leases()).toEqual(leases)
    expect(redirections(await run('-l')).map((row) => row.externalPort)).toEqual([7000])
  })
})

const SILENCES = [
  { silence: 'says nothing', nat: 'nftables', begin: (lab: Lab) => lab.carrier.pause() },
  { silence: 'is gone', nat: 'none', begin: (lab: Lab) => lab.carrier.stop() },
] as const

describe.concurrent.each(SILENCES)(
  'with a carrier that $silence and nat: $nat',
  ({ silence, nat, begin }) => {
    const lab = useLab({ nat })
    const add = (port: number) => ({
      NewRemoteHost: '',
      NewExternalPort: port,
      NewProtocol: 'TCP',
      NewInternalPort: 6000,
      NewInternalClient: ADDRESS.lan1,
      NewEnabled: 1,
      NewPortMappingDescription: 'lab',
      NewLeaseDuration: 600,
    })

    it('a new mapping gets 501 within 25 s, and everything local is answered within 50 ms', async () => {
      const { lan1, lan2 } = lab().hosts
      const location = await locate(lab(), IGD1)
      expect(await call(lan1, location, 'AddPortMapping', add(7000))).toBe(200)
      await begin(lab())
      const started = performance.now()
      const refused = call(lan1, location, 'AddPortMapping', add(7200)).then((code) => ({
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
    })

    it.runIf(silence === 'says nothing')('what the carrier then does after all is undone', async () => {
      lab().carrier.resume()
      await sleep(3_000)
      await until('only the first mapping is left', 15_000, async () => {
        const ports = (await lab().carrier.leases()).map((lease) => lease.externalPort)
        return ports.join() === '7000' || undefined
      })
      const run = await client(lab())
      expect(grantedPort(await run('-a', ADDRESS.lan1, 6000, 7200, 'TCP', 600))).toBe(7200)
    })
  },
)
