import { beforeAll, describe, expect, it } from 'vitest'
import { DhcpClient, dhcpServer } from './support/dhcp.ts'
import { client, useLab } from './support/lab.ts'
import { until } from './support/program.ts'
import { ADDRESS } from './support/topology.ts'
import { answers, ask, echo, flow } from './support/traffic.ts'

const POOL = { device: 'lan', router: ADDRESS.cpeLan, first: '192.168.77.50', last: '192.168.77.50' }
const LEASED = POOL.first
const NEWCOMER = '02:00:00:00:00:99'

/** At the external address, from the internet. */
const outside = (port: number) => ({ transport: 'UDP', address: ADDRESS.external, port }) as const

describe('R6970-5.10-1: hosts that leave', () => {
  const lab = useLab({ nat: 'nftables' })
  let dhcp: DhcpClient

  const externalPorts = async () => (await lab().carrier.complete()).map((lease) => lease.externalPort).sort()
  const routerForwardsTo = async (address: string) =>
    (await lab().hosts.cpe.must(['nft', 'list', 'table', 'ip', 'igd_pcp'])).includes(address)

  beforeAll(async () => {
    const { cpe, lan1, lan2 } = lab().hosts
    await lan2.ip('addr flush dev lan')
    await dhcpServer(cpe, POOL, lab().directory)
    dhcp = new DhcpClient(lan2, 'lan', lab().directory)
    expect(await dhcp.address()).toBe(LEASED)
    await echo(lan1, 'UDP', 6000)
    await echo(lan2, 'UDP', 6000)
    await (await client(lab()))('-a', ADDRESS.lan1, 6000, 7000, 'UDP', 600)
    await (await client(lab(), 'lan2'))('-a', LEASED, 6000, 7100, 'UDP', 600)
  })

  it('C-15-3: a lease given back: within a second both NATs forget the host, and its flow is cut', async () => {
    const { internet, lan2 } = lab().hosts
    expect(await externalPorts()).toEqual([7000, 7100])
    const running = await flow(internet, outside(7100))
    expect(await answers(running)).toBeGreaterThan(10)

    dhcp.release()
    await until('both NATs forgot it', 1_000, async () => {
      const isGone = !(await externalPorts()).includes(7100) && !(await routerForwardsTo(LEASED))
      return isGone || undefined
    })
    // The machine is still there, with the address it gave back, and answers whatever arrives.
    await lan2.ip(`addr add ${LEASED}/24 dev lan`, `route replace default via ${ADDRESS.cpeLan}`)
    expect(await answers(running)).toBe(0)
    await lan2.ip('addr flush dev lan')
  })

  it('the next host that gets the address inherits nothing', async () => {
    const { internet, lan2 } = lab().hosts
    await dhcp.program.stop()
    await lan2.ip('link set lan down', `link set lan address ${NEWCOMER}`, 'link set lan up')
    dhcp = new DhcpClient(lan2, 'lan', lab().directory)
    expect(await dhcp.address()).toBe(LEASED)
    expect(await ask(internet, outside(7100))).toBeUndefined()
    expect(await externalPorts()).toEqual([7000])
  })

  it('without a word of the DHCP server: another MAC answers for the address', async () => {
    const { internet, lan2 } = lab().hosts
    await (await client(lab(), 'lan2'))('-a', LEASED, 6000, 7101, 'UDP', 600)
    expect(await externalPorts()).toEqual([7000, 7101])
    await dhcp.program.stop('SIGKILL')
    await lan2.ip('link set lan down', 'link set lan address 02:00:00:00:00:98', 'link set lan up')
    await lan2.ip(`addr replace ${LEASED}/24 dev lan`, `route replace default via ${ADDRESS.cpeLan}`)
    await ask(lan2, { transport: 'UDP', address: ADDRESS.cpeLan, port: 9 }) // so that the router hears of the MAC
    await until(
      'its mapping is gone',
      4_000,
      async () => !(await externalPorts()).includes(7101) || undefined,
    )
    expect(await ask(internet, outside(7101))).toBeUndefined()
  })

  it('a host with a static address keeps its mapping through all of it', async () => {
    expect(await externalPorts()).toEqual([7000])
    expect(await ask(lab().hosts.internet, outside(7000))).toMatch(`${ADDRESS.internet}:`)
  })
})
