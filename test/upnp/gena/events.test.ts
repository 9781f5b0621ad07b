import { describe, expect, it } from 'vitest'
import { FACADE } from '../../../src/upnp/facade.ts'
import { eventedValues, news, writePropertySet } from '../../../src/upnp/gena/events.ts'
import { descriptors, elementsOf, fakeGateway, worldOf } from '../bench.ts'

const SCPD = /<SCPDURL>\/([^<]*)<\/SCPDURL>\s*<controlURL>[^<]*<\/controlURL>\s*<eventSubURL>([^<]*)</g

/** Each eventSubURL of a description and the SCPD beside it. */
const described = ([1, 2] as const).flatMap((facade) =>
  [...(descriptors.get(`igd${facade}.xml`) ?? '').matchAll(SCPD)].map(
    ([, scpd = '', path = '']) => ({ facade, scpd, path }) as const,
  ),
)

describe('what is evented', () => {
  it('every service of both descriptions is looked at', () => {
    expect(described).toHaveLength(6)
  })

  it.each(described)('$path: what $scpd says', ({ facade, path, scpd }) => {
    const [service] = FACADE[facade][path.replace(`/igd${facade}/event/`, '')] ?? []
    const declared = [...(descriptors.get(scpd) ?? '').matchAll(/sendEvents="yes">\s*<name>(\w+)</g)]
    const values = service && eventedValues(service, worldOf(fakeGateway().gateway))
    expect([...(values ?? new Map()).keys()].sort()).toEqual(declared.map(([, name]) => name).sort())
  })

  it('G17: an external address that is not known yet is empty', () => {
    const { gateway } = fakeGateway({ externalIpAddress: () => '' })
    const [service] = FACADE[1]['wan-ip-connection'] ?? []
    const values = service && eventedValues(service, worldOf(gateway))
    expect(values?.get('ExternalIPAddress')).toBe('')
  })
})

it('news is what is not known, or known otherwise', () => {
  const now = new Map([
    ['A', '1'],
    ['B', '2'],
    ['C', ''],
  ])
  expect([...news(now, new Map([['A', '1']]))]).toEqual([
    ['B', '2'],
    ['C', ''],
  ])
  expect(news(now, now).size).toBe(0)
})

it('UDA 1.1 §4.3.2: a propertyset, one property a variable, escaped', () => {
  const document = writePropertySet(
    new Map([
      ['A', '<&">'],
      ['B', ''],
    ]),
  )
  const [set, ...inner] = elementsOf(document)
  expect(set).toMatchObject({ name: 'propertyset', namespace: 'urn:schemas-upnp-org:event-1-0' })
  expect(inner.map(({ name, namespace, text }) => [name, namespace, text])).toEqual([
    ['property', 'urn:schemas-upnp-org:event-1-0', ''],
    ['A', undefined, '<&">'],
    ['property', 'urn:schemas-upnp-org:event-1-0', ''],
    ['B', undefined, ''],
  ])
})
