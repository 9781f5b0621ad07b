import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Lab, useNetwork } from './support/lab.ts'
import { until } from './support/program.ts'

/** `igd-pcp status` on the CPE, with a configuration of the daemon's own paths and `lan` as its LAN. */
async function status({ daemon, directory, hosts }: Lab, lan = 'lan') {
  const [node = '', cli = ''] = daemon.command()
  const config = join(directory, 'status.toml')
  await writeFile(config, `lan.interfaces = ["${lan}"]\nwan.interface = "wan"\nstate.dir = "${directory}"\n`)
  return await hosts.cpe.run([node, cli, 'status', '--config', config, '--control', daemon.controlPath])
}

describe('igd-pcp status where the daemon could not start: the cause and the cure in one line', () => {
  const lab = useNetwork({ nat: 'nftables' })

  it('wrong interface', async () => {
    const { code, stderr } = await status(lab(), 'br-lan')
    expect(code).toBe(3)
    expect(stderr).toMatch(/^igd-pcp: no daemon runs .*; there is no interface br-lan; see "ip link" .*\n$/)
  })

  it('port taken', async () => {
    const taken = lab().hosts.cpe.start(['python3', '-m', 'http.server', '5000'])
    const said = await until('the port is seen as taken', 10_000, async () => {
      const { stderr } = await status(lab())
      return stderr.includes(':5000') ? stderr : undefined
    })
    expect(said).toMatch(
      /:5000 is in use by python3 \(process \d+\); stop it: kill \d+, or choose another port .*\n$/,
    )
    expect(await taken.stop()).toBe(-1)
  })

  it('no nft', async () => {
    const { daemon, directory, hosts } = lab()
    const [node = '', cli = ''] = daemon.command()
    const config = join(directory, 'status.toml')
    await status(lab())
    const command = `mount -t tmpfs none /usr/sbin && exec "$@"`
    const words = [node, cli, 'status', '--config', config, '--control', daemon.controlPath]
    const { stderr } = await hosts.cpe.run(['unshare', '-m', 'sh', '-c', command, 'sh', ...words])
    expect(stderr).toMatch(/; nft is not installed: install the package nftables\n$/)
  })

  it('another Internet gateway of this router', async () => {
    const { directory, hosts } = lab()
    // Told by the name of its process, so any program of that name will do.
    const program = join(directory, 'miniupnpd')
    await copyFile('/bin/sleep', program)
    const rival = hosts.cpe.start([program, '60'])
    const said = await until('it is seen', 5_000, async () => {
      const { stderr } = await status(lab())
      return stderr.includes('miniupnpd') ? stderr : undefined
    })
    expect(said).toMatch(/miniupnpd is an Internet gateway .*; stop it: systemctl disable --now miniupnpd\n$/)
    await rival.stop()
  })
})
