import { describe, expect, it } from 'vitest'
import { C1, igdBench } from '../support/igd-bench.ts'
import { ADD, envelope, fieldsOf, urn } from '../upnp/bench.ts'

// Numbers 24 and 25 of the 25 nasty tests: calls that are malformed on purpose, and Microsoft's.

const TYPE = urn('WANIPConnection', 2)
const PATH = '/igd2/control/wan-ip-connection'
const RIGHT = envelope(TYPE, 'GetExternalIPAddress')
const ACTION = `"${TYPE}#GetExternalIPAddress"`

async function post(payload: string | Buffer, soapaction?: string) {
  const bench = await igdBench()
  const headers = soapaction === undefined ? {} : { soapaction }
  const { body, statusCode } = await bench.inject({ method: 'POST', url: PATH, payload, headers })
  const code = statusCode === 500 ? Number(fieldsOf(body)['errorCode']) : statusCode
  return { body, code, requests: bench.requests }
}

const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth)
const inBody = (action: string): string => `<Envelope><Body>${action}</Body></Envelope>`

const LAUGHS =
  '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'

describe('G24: SOAPACTION', () => {
  it.each<readonly [string, string | undefined, number]>([
    ['in single quotes', ACTION.replaceAll('"', "'"), 200],
    ['without quotes', ACTION.replaceAll('"', ''), 200],
    ['with a blank behind', `${ACTION} `, 200],
    ['a lone quote', '"', 200],
    ['missing', undefined, 200],
    ['empty', '', 200],
    ['of 10 kB', `"${TYPE}#${'A'.repeat(10_000)}"`, 200],
    ['of another service', `"${urn('Layer3Forwarding', 1)}#GetExternalIPAddress"`, 401],
    ['of another version', `"${urn('WANIPConnection', 3)}#GetExternalIPAddress"`, 401],
    ['of another action', `"${TYPE}#GetStatusInfo"`, 401],
    ['with markup', '"urn:x"><x>#GetExternalIPAddress"', 200],
  ])('%s: the body is right', async (_name, header, code) => {
    const answer = await post(RIGHT, header)
    expect(answer.code).toBe(code)
    expect(answer.body).not.toContain('<x>')
  })
})

describe('G24: bodies', () => {
  it.each<readonly [string, string | Buffer, number]>([
    ['empty', '', 402],
    ['blanks', ' \r\n\t ', 402],
    ['zeros', Buffer.alloc(1000), 402],
    ['noise', Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) & 255)), 402],
    [
      'a billion laughs',
      LAUGHS + inBody(`<u:GetExternalIPAddress xmlns:u="${TYPE}">&c;</u:GetExternalIPAddress>`),
      402,
    ],
    [
      'an external entity',
      `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>${inBody('<a>&a;</a>')}`,
      402,
    ],
    ['17 levels', inBody(nested(17)), 402],
    ['20,000 elements deep', nested(8000), 402],
    ['20,000 elements side by side', inBody('<a/>'.repeat(10_000)), 402],
    ['cut off', RIGHT.slice(0, -20), 402],
    ['tags that cross', inBody('<a><b></a></b>'), 402],
    ['an unknown entity', inBody('<a>&nbsp;</a>'), 401],
    ['an action with markup in its name', envelope(TYPE, 'X"><x>'), 402],
    ['an action of no service', envelope('urn:"><x>', 'GetExternalIPAddress'), 402],
    ['no declaration', RIGHT.replace(/^<\?xml.*?\?>/, ''), 200],
    ['a declaration of another encoding', RIGHT.replace('?>', ' encoding="ISO-8859-1"?>'), 200],
    ['a processing instruction', RIGHT.replace('<s:Body>', '<?php x ?><s:Body>'), 200],
    ['a comment', RIGHT.replace('<s:Body>', '<!-- x --><s:Body>'), 200],
    ['without prefixes', `<Envelope><Body><GetExternalIPAddress xmlns="${TYPE}"/></Body></Envelope>`, 200],
  ])('%s: answered, and nothing asked', async (_name, payload, code) => {
    const answer = await post(payload)
    expect([answer.code, answer.requests]).toEqual([code, []])
    expect(answer.body).not.toMatch(/<x>|hahaha|root:/)
  })

  it('more than 64 KiB: not read', async () => {
    expect((await post('x'.repeat(64 * 1024 + 1))).code).toBe(413)
  })

  it('CDATA and another order: read all the same', async () => {
    const bench = await igdBench()
    const args = Object.entries({ ...ADD, NewInternalClient: C1 }).reverse()
    const wrapped = args.map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`).join('')
    const payload = inBody(`<AddPortMapping xmlns="${TYPE}">${wrapped}</AddPortMapping>`)
    const { statusCode } = await bench.within(bench.inject({ method: 'POST', url: PATH, payload }))
    expect(statusCode).toBe(200)
    expect(bench.held()).toEqual([8080])
  })
})

describe('G25: Microsoft', () => {
  const agent = { 'user-agent': 'Microsoft-Windows/10.0 UPnP/1.0' }

  it.each(['/igd2.xml', '/wan-ip-connection-2.xml'])('%s: has nothing of :2 for it', async (url) => {
    const bench = await igdBench()
    const { body } = await bench.inject({ url, headers: agent })
    expect(body).not.toMatch(
      /:2<|AddAnyPortMapping|DeletePortMappingRange|GetListOfPortMappings|SystemUpdateID/,
    )
    expect((await bench.inject({ url })).body).toMatch(/:2<|AddAnyPortMapping/)
  })

  it('the control paths it finds there: answer it', async () => {
    const bench = await igdBench()
    const { body } = await bench.inject({ url: '/igd2.xml', headers: agent })
    const paths = [...body.matchAll(/<controlURL>(.*?)<\/controlURL>/g)].map(([, path]) => path ?? '')
    expect(paths).toHaveLength(3)
    const type = urn('WANIPConnection', 1)
    const [, , connection = ''] = paths
    const payload = envelope(type, 'GetNATRSIPStatus')
    const answer = await bench.inject({ method: 'POST', url: connection, payload, headers: agent })
    expect(fieldsOf(answer.body)).toMatchObject({ NewRSIPAvailable: '0', NewNATEnabled: '1' })
  })
})
