import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { listening, localPorts } from '../../src/nat/local-ports.ts'

describe('listening', () => {
  const TCP = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1',
    '   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 2 1',
    '   2: 00000000000000000000000000000000:C350 00000000000000000000000000000000:0000 0A 00000000:00000000',
    '',
  ].join('\n')

  it.each([
    ['the ports of sockets in the state asked for', TCP, [22, 50000]],
    ['nothing in an empty table', '', []],
    ['nothing in what is no table', '1: x y 0A\n2: 0:0 0:0 0A', []],
  ])('reads %s', (_name, table, expected) => {
    expect(listening(table, '0A')).toEqual(expected)
  })
})

describe('localPorts', () => {
  it('finds what this machine listens at', async () => {
    const tcp = createServer().listen(0, '127.0.0.1')
    const udp = createSocket('udp4').bind(0, '127.0.0.1')
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')])
    const address = tcp.address()
    const ports = await localPorts()
    const udpPort = udp.address().port
    tcp.close()
    udp.close()
    expect(ports).toContainEqual({ protocol: 'UDP', port: udpPort })
    expect(ports).toContainEqual({
      protocol: 'TCP',
      port: typeof address === 'object' ? address?.port : undefined,
    })
  })
})
