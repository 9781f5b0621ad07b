import { describe, expect, it } from 'vitest'
import { healthOf, problemsOf, type Symptoms, withRival } from '../../src/core/problems.ts'
import { ip } from '../support/fake-carrier.ts'
import { WELL } from '../support/symptoms.ts'

const NOWHERE = { interface: 'lan0', ipAddress: null }
const CONNECTED = { connectionStatus: 'Connected', server: { lastAnswer: 3 } } as const
const SILENT = { address: '192.0.2.1:5351', reachable: false }

describe('what is wrong, and what to do about it', () => {
  it('nothing', () => {
    expect(problemsOf(WELL)).toEqual([])
    expect(healthOf([], CONNECTED)).toEqual({
      severity: 'ok',
      sentence: 'Port mapping works: the carrier answers.',
    })
  })

  it.each<Partial<Symptoms>>([
    { refusal: 'MALFORMED_REQUEST' },
    { refusal: 'CANNOT_PROVIDE_EXTERNAL', connectionStatus: 'Connecting' },
    { refusal: 'EXCESSIVE_REMOTE_PEERS', connectionStatus: 'Connecting' },
  ])('what is about one mapping is no problem of the line: %j', (symptoms) => {
    expect(problemsOf({ ...WELL, ...symptoms })).toEqual([])
  })

  it.each([
    ['nothing yet', { connectionStatus: 'Connecting', server: null } as const],
    ['a new server, not heard yet', { ...CONNECTED, server: { lastAnswer: null } }],
  ])('%s', (_what, connection) => expect(healthOf([], connection).severity).toBe('waiting'))

  it.each<[string, Partial<Symptoms>, string, string, RegExp, RegExp]>([
    [
      'no WAN address',
      { wan: NOWHERE, server: undefined },
      'wan-address',
      'error',
      /lan0 has no IPv4/,
      /wan\.interface/,
    ],
    ['no LAN address', { lans: [NOWHERE] }, 'lan-address', 'error', /no LAN .*lan0/, /lan\.interfaces/],
    ['one LAN less', { lans: [...WELL.lans, NOWHERE] }, 'lan-address', 'warning', /lan0/, /ip address/],
    [
      'no server',
      { server: undefined },
      'no-server',
      'error',
      /no PCP server/,
      /default" names wan0.*--pcp-server/,
    ],
    ['down', { server: SILENT }, 'carrier-silent', 'error', /192\.0\.2\.1:5351/, /ask the carrier/],
    ['silent', { connectionStatus: 'Disconnected' }, 'carrier-silent', 'error', /not answer/, /pcp\.servers/],
    ['NAT', { refusal: 'ADDRESS_MISMATCH' }, 'address-mismatch', 'warning', /another NAT/, /bridge mode/],
    ['no right', { refusal: 'NOT_AUTHORIZED' }, 'not-authorized', 'warning', /not allow/, /ask the carrier/],
    [
      'option, and nothing is mapped',
      { refusal: 'UNSUPP_OPTION', entries: 0 },
      'third-party',
      'error',
      /THIRD_PARTY/,
      /nftables/,
    ],
    ['option', { refusal: 'UNSUPP_OPTION' }, 'third-party', 'warning', /THIRD_PARTY/, /nftables/],
    [
      'private',
      { externalIpAddress: ip('100.64.9.9') },
      'external-address',
      'warning',
      /address 100\.64\.9\.9 is a private/,
      /public/,
    ],
    ['quota', { quota: 32 }, 'carrier-quota', 'warning', /no more than 32 mappings/, /mappings delete/],
    ['no quota', { quota: 0 }, 'carrier-quota', 'error', /no mapping at all/, /ask the carrier.*replaced/],
    ['full', { refusal: 'NO_RESOURCES' }, 'carrier-full', 'warning', /no room/, /wait/],
    [
      'no Internet behind it',
      { refusal: 'NETWORK_FAILURE' },
      'carrier-refuses',
      'warning',
      /refuses port mapping \(NETWORK_FAILURE\)/,
      /wait/,
    ],
    [
      'no MAP',
      { refusal: 'UNSUPP_OPCODE', connectionStatus: 'Connecting' },
      'carrier-refuses',
      'error',
      /\(UNSUPP_OPCODE\)/,
      /opcode MAP/,
    ],
    [
      'anything, and nothing was granted yet',
      { refusal: 'MALFORMED_REQUEST', connectionStatus: 'Connecting' },
      'carrier-refuses',
      'error',
      /\(MALFORMED_REQUEST\)/,
      /ask the carrier/,
    ],
    ['nft', { natFailure: 'nft: gone' }, 'router-nat', 'error', /nft: gone/, /nftables/],
    [
      'disk',
      { unwritable: { directory: '/s', why: 'ENOSPC: full' } },
      'state-dir',
      'error',
      /to \/s \(ENOSPC: full\), so new mappings are refused/,
      /df \/s/,
    ],
    ['rival', { rival: 'miniupnpd' }, 'rival', 'warning', /miniupnpd runs/, /disable --now miniupnpd/],
    ['table', { entries: 512 }, 'table-full', 'warning', /512/, /access\.total/],
  ])('%s', (_what, symptom, id, severity, cause, cure) => {
    const [problem, ...more] = problemsOf({ ...WELL, ...symptom })
    expect(more).toEqual([])
    expect(problem).toMatchObject({ id, severity })
    expect(problem?.cause).toMatch(cause)
    expect(problem?.cure).toMatch(cure)
  })

  it('a refusal of the line before anything was granted is an error', () => {
    const symptoms: Symptoms = { ...WELL, connectionStatus: 'Connecting', refusal: 'ADDRESS_MISMATCH' }
    const [problem] = problemsOf(symptoms)
    expect(problem?.severity).toBe('error')
    expect(healthOf(problemsOf(symptoms), { ...CONNECTED, connectionStatus: 'Connecting' }).sentence).toMatch(
      /does not work: another NAT/,
    )
  })

  it('a refusal of one request alone is no problem of the line', () => {
    expect(problemsOf({ ...WELL, refusal: 'CANNOT_PROVIDE_EXTERNAL' })).toEqual([])
  })

  it('no address on the WAN explains why there is no server', () => {
    const ids = problemsOf({ ...WELL, wan: NOWHERE, server: undefined }).map(({ id }) => id)
    expect(ids).toEqual(['wan-address'])
  })

  it('errors come before warnings', () => {
    const ids = problemsOf({ ...WELL, rival: 'upnpd', server: SILENT, entries: 512 }).map(({ id }) => id)
    expect(ids).toEqual(['carrier-silent', 'rival', 'table-full'])
  })

  it('a cause and a cure are one line each', () => {
    const worst = problemsOf({
      ...WELL,
      wan: NOWHERE,
      server: undefined,
      lans: [NOWHERE],
      rival: 'x',
      natFailure: 'y',
    })
    expect(worst.length).toBe(4)
    for (const { cause, cure } of worst) expect(`${cause}${cure}`).not.toMatch(/\n/)
  })
})

describe('another gateway that the daemon could not see', () => {
  const seen = (symptoms: Partial<Symptoms>) => {
    const problems = problemsOf({ ...WELL, ...symptoms })
    return { ...CONNECTED, problems, health: healthOf(problems, CONNECTED) }
  }
  const rival = seen({ rival: 'upnpd' })

  it.each([
    ['none', seen({}), undefined, seen({})],
    ['one', seen({}), 'upnpd', rival],
    ['one that it saw', rival, 'upnpd', rival],
    [
      'one beside something worse',
      seen({ server: SILENT }),
      'upnpd',
      seen({ server: SILENT, rival: 'upnpd' }),
    ],
  ])('%s', (_what, status, name, expected) => {
    expect(withRival(status, name)).toEqual(expected)
  })
})
