import { isIpv4, parseIp } from '../../../src/lib/ip.ts'
import { GUESTS, HOME, IGD1, IGD2, ssdpBench } from '../../upnp/ssdp/bench.ts'
import { corpus } from '../corpus.ts'
import type { Target } from '../harness.ts'

/** UDA 1.1 §1.3.3: what a search may be answered with, and to whom. */
function check(
  sent: readonly { to: string; start: string; headers: Readonly<Record<string, string>> }[],
): void {
  for (const { headers, start, to } of sent) {
    const [address = ''] = to.split(':')
    const isNotify = start.startsWith('NOTIFY') && address === '239.255.255.250'
    const parsed = parseIp(address)
    const isAnswer =
      start === 'HTTP/1.1 200 OK' && parsed && isIpv4(parsed) && /^192\.168\.[12]\./.test(address)
    if (!isNotify && !isAnswer) throw new Error(`${start} to ${to}`)
    if (/[\r\n]/.test(Object.values(headers).join(''))) throw new Error('a header with a line end in it')
  }
}

export const ssdp: Target = {
  name: 'ssdp',
  corpus: corpus('ssdp'),
  words: [
    'M-SEARCH * HTTP/1.1\r\n',
    'NOTIFY * HTTP/1.1\r\n',
    'HTTP/1.1 200 OK\r\n',
    'MAN: "ssdp:discover"\r\n',
    'ST: ssdp:all\r\n',
    'MX: 1\r\n',
    'NTS: ssdp:byebye\r\n',
    'ssdp:all',
    'upnp:rootdevice',
    'uuid:a',
    '__proto__',
    IGD1,
    IGD2,
  ],
  open: async () => {
    const { clock, logged, server, sockets } = ssdpBench()
    await server.start([HOME, GUESTS])
    await clock.advance(2000)
    const search = `M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ${IGD1}\r\n\r\n`
    let taken = 0
    const answered = async () => {
      await clock.advance(60_000)
      check(sockets.taken())
      sockets.hear(search, '192.168.1.99')
      await clock.advance(100)
      // The device may be announced at the same moment.
      const answers = sockets.taken().filter(({ to }) => to.startsWith('192.168.1.99:'))
      if (answers.length !== 1) throw new Error(`a search is answered ${answers.length} times`)
    }
    return {
      take: async (input) => {
        taken += 1
        const via = ['group', 'br0', 'br1'][taken % 3]
        sockets.hear(input, via === 'br1' ? '192.168.2.50' : `192.168.1.${1 + (taken % 250)}`, via)
        if (taken % 200 === 0) await answered()
      },
      close: async () => {
        await answered()
        if (logged.length > 0) throw new Error(`it was logged: ${logged[0] ?? ''}`)
        const stopped = server.stop()
        await clock.advance(1000)
        await stopped
        if (clock.pending > 0) throw new Error(`${clock.pending} timers are left`)
      },
    }
  },
}
