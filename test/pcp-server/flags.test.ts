import { parseArgs } from 'node:util'
import { describe, expect, it } from 'vitest'
import { FLAG_OPTIONS, readFlags } from '../../src/pcp-server/flags.ts'

const read = (line: string) =>
  readFlags(parseArgs({ args: line.split(' ').filter(Boolean), options: FLAG_OPTIONS }).values)

describe('flags of the server', () => {
  it('without any: a server on loopback, without faults', () => {
    expect(read('')).toMatchObject({
      ok: true,
      value: {
        listen: { address: '127.0.0.1', port: 5351 },
        announcements: 0,
        settings: { externalAddress: '203.0.113.1', minLifetime: 120, maxLifetime: 86_400 },
        faults: { dropRequests: 0, result: undefined, natPmpOnly: false },
      },
    })
  })

  it.each([
    ['--listen 192.0.2.1', { listen: { address: '192.0.2.1', port: 5351 } }],
    ['--listen 0.0.0.0:0', { listen: { address: '0.0.0.0', port: 0 } }],
    ['--listen ::1', { listen: { address: '::1', port: 5351 } }],
    ['--listen [2001:db8::1]:5000', { listen: { address: '2001:db8::1', port: 5000 } }],
    ['--external 198.51.100.1', { settings: { externalAddress: '198.51.100.1' } }],
    ['--ports 2000-2000', { settings: { ports: { first: 2000, last: 2000 } } }],
    ['--min-lifetime 1 --max-lifetime 1', { settings: { minLifetime: 1, maxLifetime: 1 } }],
    ['--max-lifetime 4294967295', { settings: { maxLifetime: 4294967295 } }],
    ['--quota 0', { settings: { quota: 0 } }],
    ['--max-filters 1', { settings: { maxFilters: 1 } }],
    ['--no-third-party', { settings: { supported: new Set(['PREFER_FAILURE', 'FILTER']) } }],
    ['--no-prefer-failure --no-filter', { settings: { supported: new Set(['THIRD_PARTY']) } }],
    ['--announce 10', { announcements: 10 }],
    ['--drop-requests 1', { faults: { dropRequests: 1 } }],
    ['--drop-responses 0.25', { faults: { dropResponses: 0.25 } }],
    ['--duplicate-responses 0.1', { faults: { duplicateResponses: 0.1 } }],
    ['--delay 300 --jitter 20', { faults: { delay: 300, jitter: 20 } }],
    ['--result 200', { faults: { result: { code: 200, lifetime: 0, times: Infinity } } }],
    ['--result NO_RESOURCES:30', { faults: { result: { code: 8, lifetime: 30, times: Infinity } } }],
    ['--result USER_EX_QUOTA:30:2', { faults: { result: { code: 10, lifetime: 30, times: 2 } } }],
    ['--ignore-prefer-failure', { faults: { ignorePreferFailure: true } }],
    ['--other-port --flip-nonce', { faults: { otherPort: true, flipNonce: true } }],
    ['--lifetime 0 --epoch 7', { faults: { lifetime: 0, epoch: 7 } }],
    ['--natpmp-only', { faults: { natPmpOnly: true } }],
  ])('%s', (line, value) => {
    expect(read(line)).toMatchObject({ ok: true, value })
  })

  it.each([
    ['--listen localhost', '--listen must be ADDR, ADDR:PORT or [IPV6]:PORT'],
    ['--listen 127.0.0.1:65536', '--listen must be ADDR, ADDR:PORT or [IPV6]:PORT'],
    ['--listen [127.0.0.1]:1', '--listen must be ADDR, ADDR:PORT or [IPV6]:PORT'],
    ['--external 203.0.113', '--external must be an IP address'],
    ['--ports 2000', '--ports must be ports as A-B, 1 to 65535, the lower one first'],
    ['--ports 2001-2000', '--ports must be ports as A-B, 1 to 65535, the lower one first'],
    ['--ports 0-9', '--ports must be ports as A-B, 1 to 65535, the lower one first'],
    ['--quota x', '--quota must be a whole number from 0 to 131072'],
    ['--max-filters 0', '--max-filters must be a whole number from 1 to 1000'],
    ['--announce 11', '--announce must be a whole number from 0 to 10'],
    ['--max-lifetime 4294967296', '--max-lifetime must be a whole number from 0 to 4294967295'],
    ['--min-lifetime 90000', '--min-lifetime is above --max-lifetime'],
    ['--drop-requests 1.1', '--drop-requests must be a share from 0 to 1, such as 0.2'],
    ['--drop-responses 20%', '--drop-responses must be a share from 0 to 1, such as 0.2'],
    [
      '--result NO_SUCH',
      '--result must be CODE, CODE:LIFETIME or CODE:LIFETIME:TIMES, such as NO_RESOURCES:30:2',
    ],
    [
      '--result 256',
      '--result must be CODE, CODE:LIFETIME or CODE:LIFETIME:TIMES, such as NO_RESOURCES:30:2',
    ],
    [
      '--result constructor',
      '--result must be CODE, CODE:LIFETIME or CODE:LIFETIME:TIMES, such as NO_RESOURCES:30:2',
    ],
  ])('refuses %s', (line, why) => {
    expect(read(line)).toEqual({ ok: false, why })
  })
})
