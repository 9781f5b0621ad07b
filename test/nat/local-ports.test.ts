import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { localPorts } from '../../src/nat/local-ports.ts'

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
