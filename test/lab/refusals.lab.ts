import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HTTP_PORT } from './support/daemon.ts'
import { useNetwork } from './support/lab.ts'
import type { Finished } from './support/program.ts'

describe('a daemon that cannot run', () => {
  const lab = useNetwork({ nat: 'nftables' })

  /** Starts it with `prefix` before its command line. */
  const start = (flags: readonly string[], prefix: readonly string[] = []) =>
    lab().hosts.cpe.run([...prefix, ...lab().daemon.command(['--log-level', 'info', ...flags])])

  /** One line that says `reason`, exit 2; and neither rules, nor a socket, nor a word to the LAN. */
  async function expectRefusal(attempt: () => Promise<Finished>, reason: RegExp): Promise<void> {
    const { cpe, lan1 } = lab().hosts
    await lan1.nft('table ip heard\ndelete table ip heard\ntable ip heard {\n\tcounter ssdp {\n\t}\n}')
    await lan1.nft('table ip heard {\n\tchain input {\n\t\ttype filter hook input priority 0;\n\t}\n}')
    await lan1.nft('add rule ip heard input udp dport 1900 counter name ssdp')
    const rules = await cpe.must(['nft', 'list', 'tables'])
    const { code, stdout, stderr } = await attempt()
    expect({ code, lines: stderr.trimEnd().split('\n').length, stdout }, stderr).toEqual({
      code: 2,
      lines: 1,
      stdout: '',
    })
    expect(stderr).toMatch(reason)
    expect(await cpe.must(['nft', 'list', 'tables'])).toBe(rules)
    expect(await lan1.must(['nft', 'list', 'counter', 'ip', 'heard', 'ssdp'])).toContain('packets 0')
    expect(existsSync(lab().daemon.controlPath)).toBe(false)
  }

  it.each([
    ['an unknown flag', ['--colour', 'red'], /--colour/],
    ['an unknown NAT', ['--nat', 'iptables'], /nat.*iptables|iptables.*nat/i],
    ['a port that is none', ['--http-port', '70000'], /http.?port.*70000|70000.*http.?port/i],
    ['a PCP server that is no address', ['--pcp-server', '999.1.1.1'], /999\.1\.1\.1/],
    ['a LAN interface that is not there', ['--lan', 'nolan'], /nolan/],
    ['a WAN interface that is not there', ['--wan', 'nowan'], /nowan/],
  ])('%s', async (_case, flags, reason) => {
    await expectRefusal(() => start(flags), reason)
  })

  it('no nft', async () => {
    // `ip netns exec` gives every program mounts of its own, so only this one misses the directory.
    const hide = 'mkdir "$0" && mount --bind "$0" "$(dirname "$(command -v nft)")" && exec "$@"'
    await expectRefusal(() => start([], ['sh', '-c', hide, join(lab().directory, 'empty')]), /nft/)
  })

  it('not root', async () => {
    const nobody = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']
    await expectRefusal(() => start([], nobody), /root|CAP_NET_ADMIN/)
  })

  it('its port in use', async () => {
    const server = ['/usr/bin/python3', '-u', '-m', 'http.server', String(HTTP_PORT)]
    const taken = lab().hosts.cpe.start(server)
    await taken.line(/Serving HTTP/)
    await expectRefusal(() => start([]), /5000/)
    await taken.stop()
  })

  it('the port of its metrics in use', async () => {
    const server = ['/usr/bin/python3', '-u', '-m', 'http.server', '--bind', '127.0.0.1', '9188']
    const taken = lab().hosts.cpe.start(server)
    await taken.line(/Serving HTTP/)
    const metrics = ['env', 'IGD_PCP_METRICS_LISTEN=127.0.0.1:9188']
    await expectRefusal(() => start([], metrics), /metrics\.listen: 127\.0\.0\.1:9188 is in use/)
    await taken.stop()
  })
})
