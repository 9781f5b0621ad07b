import { describe, expect, it } from 'vitest'
import type { Status } from '../../src/core/status.ts'
import { viewOf } from '../../src/web/from-status/page.ts'
import { renderPage, renderSections } from '../../src/web/page.ts'
import type { Scope } from '../../src/web/view.ts'
import { BROKEN, mapping, VIEWER, WAITING, WORKS } from './statuses.ts'

const page = (status: Status, scope: Scope = 'own') => renderPage(viewOf(status, VIEWER, scope))

/** The text of a section, without its markup. */
const section = (status: Status, id: string, scope: Scope = 'own'): string => {
  const sections = renderSections(viewOf(status, VIEWER, scope))
  const [, inner = ''] = new RegExp(`<section id="${id}".*?>(.*?)</section>`, 's').exec(sections) ?? []
  return inner
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

const entry = { remoteHost: '', description: 'x', lease: 60, leaseLeft: 30 }

describe('the status page', () => {
  it.each([
    ['ok', WORKS, 'Port mapping works: the carrier answers.'],
    ['waiting', WAITING, 'Waiting for the carrier’s first answer.'],
    ['error', BROKEN, 'Port mapping does not work: the PCP server 100.64.7.1 does not answer.'],
  ])('says in one sentence and a colour with a sign that all is %s', (severity, status, sentence) => {
    expect(section(status, 'status')).toContain(sentence)
    expect(page(status)).toContain(`class="status ${severity}"`)
    expect(section(status, 'status')).toMatch(/^[✓…✕] /)
  })

  it('says what to do about each problem', () => {
    expect(section(BROKEN, 'status')).toContain('Ask the carrier whether PCP is enabled on this line')
  })

  it('shows the way to the Internet with the addresses of this moment', () => {
    expect(section(WORKS, 'path')).toBe(
      'The way to the Internet This device LAN 192.168.1.23 Router LAN 192.168.1.1 WAN 100.64.7.2 ' +
        'Carrier NAT PCP server 100.64.7.1 Internet known there as 203.0.114.1',
    )
  })

  it.each([
    ['the WAN has no address', { wan: { interface: 'eth0', ipAddress: null }, server: null }],
    ['no server is known', { server: null }],
    ['the server is silent', { connectionStatus: 'Disconnected' }],
  ] as const)('shows where the way ends when %s', (_how, over) => {
    const text = section({ ...WORKS, externalIpAddress: null, ...over }, 'path')
    expect(text).toMatch(/Carrier NAT .*no answer/)
  })

  it('believes an answer of the carrier, whatever the WAN looks like', () => {
    const text = section({ ...WORKS, wan: { interface: 'tun0', ipAddress: null } }, 'path')
    expect(text).not.toContain('no answer')
  })

  it('has a row for each entry, with its ends, its lease and its renewal', () => {
    expect(section(WORKS, 'mappings')).toContain(
      'Host and port 192.168.1.23 UDP 3074 From the Internet 203.0.114.1 UDP 3074 Open to anybody ' +
        'For Game console Lease 47 min left Next renewal 17 min to go',
    )
    const entries = [entry, { ...entry, remoteHost: '198.51.100.7' }]
    expect(
      page({ ...WORKS, mappings: [mapping({ entries })] }).match(/<tr role="row" class="ok">/g),
    ).toHaveLength(2)
  })

  it.each([
    ['the share of the lease that is left', '<progress max="3600" value="2840"'],
    ['the share of the time between grant and renewal', '<progress max="1800" value="1040"'],
  ])('draws %s as a bar', (_what, bar) => {
    expect(page(WORKS)).toContain(bar)
  })

  it('says what is the matter with a mapping', () => {
    expect(section(WORKS, 'mappings')).toContain('the carrier does not want to renew it')
    const lapsed = mapping({ status: 'stale', state: 'LAPSED', lifetimeLeft: 0, nextRenewal: null })
    expect(section({ ...WORKS, mappings: [lapsed] }, 'mappings')).toContain('the carrier let it end')
  })

  it('escapes what devices call themselves', () => {
    const text = page(WORKS)
    expect(text).toContain('&lt;b&gt;Torrents&lt;/b&gt; &amp; &quot;friends&quot;')
    expect(text).not.toContain('<b>')
  })

  it('shows a host its own mappings, and of the others how many there are', () => {
    const text = page(WORKS)
    expect(text).not.toContain('192.168.1.77')
    expect(text).not.toContain('Secret of another host')
    expect(section(WORKS, 'mappings')).toContain('Another device has one.')
  })

  it('shows those of all where http.page says so', () => {
    expect(section(WORKS, 'mappings', 'all')).toContain('192.168.1.77 UDP 51820')
  })

  it('lists no more rows than a person reads, and says so', () => {
    const mappings = Array.from({ length: 203 }, (_, i) => mapping({ internalPort: 2000 + i }))
    const text = page({ ...WORKS, mappings })
    expect(text.match(/<tr role="row" class="ok">/g)).toHaveLength(200)
    expect(text).toContain('And 3 more')
  })

  it('tells what happened in plain words, the newest first, and nothing about other hosts', () => {
    expect(section(WORKS, 'events')).toBe(
      'What happened ' +
        '12 s ago A port is mapped (203.0.114.1:3074 → 192.168.1.23:3074/UDP). ' +
        '5 min ago The carrier refuses to renew a mapping (203.0.114.1:51413 → 192.168.1.23:51413/TCP, USER_EX_QUOTA). ' +
        '1 d 1 h ago The PCP server lost its state; mapping all ports anew.',
    )
    expect(section(WORKS, 'events', 'all')).toContain(
      'A port is mapped (203.0.114.1:51820 → 192.168.1.77:51820',
    )
  })

  it.each<[string, Status['events'][number]['details'], boolean]>([
    ['names another host anywhere', { deep: { list: [{ client: '192.168.1.77' }] } }, false],
    ['names another host within a text', { why: '192.168.1.77:80 is taken' }, false],
    ['names the viewer', { client: VIEWER.host }, true],
    [
      'names the router, the carrier and the server',
      { at: '192.168.1.1:5000 203.0.114.1 100.64.7.1:5351' },
      true,
    ],
    ['names nobody', { mappings: 3 }, true],
    ['is about another host', { host: '192.168.1.77' }, false],
    ['is about the viewer, whatever else it names', { host: VIEWER.host, now: '198.51.100.1:5' }, true],
  ])('of an event that %s', (_what, details, shown) => {
    const events = [{ time: WORKS.time, level: 'info', text: 'something', details }] as const
    expect(section({ ...WORKS, events }, 'events').includes('Something')).toBe(shown)
  })

  it.each([
    ['can', WORKS, 'Open ports: yes'],
    [
      'does',
      { ...WORKS, options: { PREFER_FAILURE: 'supported', FILTER: 'supported' } } as const,
      'port that was asked for: yes A device gets the port it wants, or hears that it is taken. ' +
        'Let in certain hosts only: yes What others send ends at the carrier already.',
    ],
    ['has not refused to', WORKS, 'Give exactly the port that was asked for: not known'],
    ['cannot', BROKEN, 'Give exactly the port that was asked for: no'],
    [
      'cannot, with the cure of this router',
      WORKS,
      'Let in certain hosts only: no This router turns the others away',
    ],
    ['cannot by NAT-PMP', natPmp(), 'Give exactly the port that was asked for: no'],
    ['may or may not', WAITING, 'Open ports: not known'],
  ])('says what the carrier %s do', (_what, status, text) => {
    expect(section(status, 'abilities')).toContain(text)
  })

  it('loads itself again only where no script does it better', () => {
    expect(page(WORKS)).toContain('<noscript><meta http-equiv="refresh" content="30"></noscript>')
    expect(page(WORKS)).not.toMatch(/ style=| on[a-z]+=|<script>/)
  })
})

function natPmp(): Status {
  return { ...WORKS, server: WORKS.server && { ...WORKS.server, protocol: 'NAT-PMP' } }
}
