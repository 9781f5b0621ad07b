import { beforeEach, describe, expect, it } from 'vitest'
import type { Lan } from '../../../src/lib/lan.ts'
import type { SsdpServer } from '../../../src/upnp/ssdp.ts'
import { type VirtualClock, settle } from '../../support/virtual-clock.ts'
import { GUESTS, HOME, IGD1, IGD2, THINGS, ssdpBench } from './bench.ts'
import { type FakeSockets, type Sent, ipv4, lan } from './fake-sockets.ts'

let clock: VirtualClock
let sockets: FakeSockets
let logged: string[]
let kept: number[]
let disk: { broken: boolean }
let absent: Set<string>
let server: SsdpServer

beforeEach(() => {
  ;({ absent, clock, sockets, logged, kept, disk, server } = ssdpBench())
})

/** Started long enough ago for the opening to be over, and not yet due to repeat itself. */
async function started(...lans: readonly Lan[]): Promise<void> {
  await server.start(lans)
  await clock.advance(2000)
  sockets.taken()
}

async function stopped(): Promise<void> {
  const stop = server.stop()
  await clock.advance(1000)
  await stop
}

const search = (st: string, headers = 'MAN: "ssdp:discover"\r\nMX: 1\r\n') =>
  `M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n${headers}ST: ${st}\r\n\r\n`

/** Runs of equal NTS on one LAN, with the BOOTID they carry, as `ssdp:alive 7 x20`. */
function said(sent: readonly Sent[], name = 'br0'): string[] {
  const runs: { what: string; count: number }[] = []
  for (const { headers } of sent.filter((message) => message.lan === name)) {
    const what = [headers['NTS'], headers['BOOTID.UPNP.ORG'], headers['NEXTBOOTID.UPNP.ORG']]
      .filter((value) => value !== undefined)
      .join(' ')
    const last = runs.at(-1)
    if (last?.what === what) last.count++
    else runs.push({ what, count: 1 })
  }
  return runs.map(({ what, count }) => `${what} x${count}`)
}

describe('start', () => {
  it('G20: every LAN hears byebye twice, then alive twice, each with its own LOCATION', async () => {
    await server.start([HOME, GUESTS])
    await clock.advance(2000)
    const sent = sockets.taken()
    for (const { name, address } of [HOME, GUESTS]) {
      expect(said(sent, name)).toEqual([`ssdp:byebye 7 x${2 * THINGS}`, `ssdp:alive 7 x${2 * THINGS}`])
      const locations = sent
        .filter((message) => message.lan === name)
        .map(({ headers }) => headers['LOCATION'])
      expect(new Set(locations)).toEqual(new Set([undefined, `http://${address}:5000/igd1.xml`]))
    }
    expect(new Set(sent.map(({ to }) => to))).toEqual(new Set(['239.255.255.250:1900']))
  })

  it('UDA 1.1 §1.2.1: the sets of one kind are 100 to 250 ms apart', async () => {
    await server.start([HOME])
    await clock.advance(2000)
    const times = [...new Set(sockets.taken().map(({ at }) => at))]
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0))
    expect(gaps).toHaveLength(3)
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(100)
      expect(gap).toBeLessThanOrEqual(250)
    }
  })

  it('announces the tree of the default version', async () => {
    ;({ clock, sockets, server } = ssdpBench(2))
    await server.start([HOME])
    await clock.advance(2000)
    const sent = sockets.taken()
    expect(sent.map(({ headers }) => headers['NT'])).toContain(IGD2)
    expect(sent.map(({ headers }) => headers['NT'])).not.toContain(IGD1)
    expect(sent.at(-1)?.headers['LOCATION']).toBe('http://192.168.1.1:5000/igd2.xml')
  })

  it('a socket that cannot be opened is the error, and nothing is said or left open', async () => {
    sockets.broken.add(GUESTS.address)
    await expect(server.start([HOME, GUESTS])).rejects.toThrow('cannot bind 192.168.2.1')
    await clock.advance(2000)
    expect(sockets.taken()).toEqual([])
    expect(sockets.open.size).toBe(0)
    expect(sockets.groups).toBe(0)
    expect(clock.pending).toBe(0)
  })
})

describe('repetition', () => {
  it('UDA 1.1 §1.2.2: alive is said again, twice, before half of max-age, at times that vary', async () => {
    await started(HOME)
    await clock.advance(6 * 3600_000)
    const sets = sockets.taken().filter((_, i) => i % (2 * THINGS) === 0)
    const gaps = sets.slice(1).map(({ at }, i) => at - (sets[i]?.at ?? 0))
    expect(gaps.length).toBeGreaterThan(20)
    expect(Math.max(...gaps)).toBeLessThan(900_000)
    expect(Math.min(...gaps)).toBeGreaterThan(600_000)
    expect(new Set(gaps).size).toBe(gaps.length)
  })

  it('an interface that was made anew is taken anew: before each set, and within 10 s to be heard', async () => {
    await started(HOME)
    const sets = sockets.taking.length
    expect(sets).toBe(4)
    sockets.members.clear()
    await clock.advance(10_000)
    expect([...sockets.members]).toEqual([HOME.address])
    expect(sockets.taking.slice(sets)).toEqual(['br0'])
    expect(sockets.groups).toBe(1)
  })

  it('a group socket that can join no more gives way to a new one, which hears', async () => {
    await started(HOME, GUESTS)
    sockets.members.clear()
    sockets.full = true
    await clock.advance(10_000)
    expect([...sockets.members]).toEqual([HOME.address, GUESTS.address])
    expect(sockets.groups).toBe(1)
    sockets.hear(search(IGD1), '192.168.2.50')
    await clock.advance(1000)
    expect(sockets.taken()).toHaveLength(1)
  })

  it('a LAN that cannot be sent to does not end it', async () => {
    await started(HOME)
    sockets.broken.add(HOME.address)
    await clock.advance(900_000)
    expect(sockets.taken()).toEqual([])
    sockets.broken.clear()
    await clock.advance(900_000)
    expect(said(sockets.taken())).toEqual([`ssdp:alive 7 x${2 * THINGS}`])
  })
})

describe('search', () => {
  const LIBTORRENT =
    'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST:upnp:rootdevice\r\nMAN:"ssdp:discover"\r\nMX:3\r\n\r\n\r\n'

  it.each([
    ['G19: as libtorrent writes it', LIBTORRENT],
    ['G19: without CR', LIBTORRENT.replaceAll('\r', '')],
    ['3.2: with header names as GSSDP writes them', LIBTORRENT.replace('MAN', 'Man').replace('HOST', 'Host')],
    ['3.2: in small letters', LIBTORRENT.toLowerCase()],
    ['3.2: without quotes around MAN', LIBTORRENT.replaceAll('"', '')],
    ['G19: MX 999', LIBTORRENT.replace('MX:3', 'MX:999')],
  ])('%s, it is answered once', async (_name, text) => {
    await started(HOME, GUESTS)
    sockets.hear(text, '192.168.1.50')
    await clock.advance(5000)
    expect(sockets.taken()).toMatchObject([
      {
        lan: 'br0',
        to: '192.168.1.50:50000',
        start: 'HTTP/1.1 200 OK',
        headers: { ST: 'upnp:rootdevice', USN: 'uuid:a::upnp:rootdevice', EXT: '' },
      },
    ])
  })

  it.each([
    ['G19: multicast without MX', search(IGD1, 'MAN: "ssdp:discover"\r\n')],
    ['G19: MAN: foo', search(IGD1, 'MAN: foo\r\nMX: 1\r\n')],
    ['G19: 1400 bytes of garbage', new Uint8Array(1400).fill(0xa5)],
    ['G19: a pattern for ST', search('(')],
    ['G19: a datagram of 9 kB', search('x'.repeat(9000))],
    ['G18: version 3', search('urn:schemas-upnp-org:device:InternetGatewayDevice:3')],
    ['an empty datagram', ''],
    ['a NOTIFY', `NOTIFY * HTTP/1.1\r\nNT: ${IGD1}\r\nNTS: ssdp:alive\r\nUSN: uuid:x\r\n\r\n`],
    ['an answer', `HTTP/1.1 200 OK\r\nST: ${IGD1}\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n\r\n`],
    ['a GET', `GET / HTTP/1.1\r\nST: ${IGD1}\r\nMAN: "ssdp:discover"\r\nMX: 1\r\n\r\n`],
  ])('%s is met with silence', async (_name, text) => {
    await started(HOME)
    sockets.hear(text, '192.168.1.50')
    await clock.advance(5000)
    expect(sockets.taken()).toEqual([])
  })

  it('G19: a unicast search without MX is answered, through the LAN it came from', async () => {
    await started(HOME, GUESTS)
    sockets.hear(search(IGD1, 'MAN: "ssdp:discover"\r\n'), '192.168.2.50', 'br1')
    await clock.advance(0)
    expect(sockets.taken()).toMatchObject([
      { lan: 'br1', to: '192.168.2.50:50000', headers: { LOCATION: 'http://192.168.2.1:5000/igd1.xml' } },
    ])
  })

  it('G18: ssdp:all is answered within 100 ms, each thing once, in order', async () => {
    await started(HOME)
    const asked = clock.now()
    sockets.hear(search('ssdp:all', 'MAN: "ssdp:discover"\r\nMX: 5\r\n'), '192.168.1.50')
    await clock.advance(5000)
    const sent = sockets.taken()
    expect(sent).toHaveLength(THINGS)
    expect(sent[0]?.headers['ST']).toBe(IGD1)
    for (const { at } of sent) expect(at - asked).toBeLessThanOrEqual(100)
  })

  it('UDA 1.1 §1.3.3: the wait varies', async () => {
    await started(HOME)
    const waits = new Set<number>()
    for (let i = 0; i < 5; i++) {
      const asked = clock.now()
      sockets.hear(search(IGD1), '192.168.1.50')
      await clock.advance(5000)
      waits.add((sockets.taken()[0]?.at ?? NaN) - asked)
    }
    expect(waits.size).toBe(5)
  })

  it.each([
    ['through the group', 'group'],
    ['by unicast to a LAN address', 'br0'],
  ])('G20: a search from the WAN is met with silence, %s', async (_name, via) => {
    await started(HOME, GUESTS)
    for (const from of ['203.0.113.9', '192.168.3.50', '127.0.0.1'])
      sockets.hear(search('ssdp:all'), from, via)
    await clock.advance(5000)
    expect(sockets.taken()).toEqual([])
  })

  it('a unicast search to one LAN address from the other LAN is met with silence', async () => {
    await started(HOME, GUESTS)
    sockets.hear(search('ssdp:all'), '192.168.2.50', 'br0')
    await clock.advance(5000)
    expect(sockets.taken()).toEqual([])
  })

  it('lan.routed: a host behind another router is answered, on its LAN where one has it as its own', async () => {
    const routed = [{ address: ipv4('192.168.2.0'), length: 23 }]
    await started({ ...HOME, routed }, { ...GUESTS, routed })
    for (const from of ['192.168.3.50', '192.168.2.50', '192.168.4.50']) sockets.hear(search(IGD1), from)
    await clock.advance(100)
    expect(sockets.taken().map((sent) => [sent.to, sent.lan])).toEqual([
      ['192.168.3.50:50000', 'br0'],
      ['192.168.2.50:50000', 'br1'],
    ])
  })
})

describe('a flood of searches', () => {
  const flood = (count: number, from: (i: number) => string) => {
    for (let i = 0; i < count; i++) sockets.hear(search(IGD1), from(i))
  }

  it('from one source is answered 30 times, then 5 times a second', async () => {
    await started(HOME)
    flood(1000, () => '192.168.1.66')
    await clock.advance(1000)
    expect(sockets.taken()).toHaveLength(30)
    flood(1000, () => '192.168.1.66')
    await clock.advance(1000)
    expect(sockets.taken()).toHaveLength(5)
  })

  it('from one source keeps no other from its answer', async () => {
    await started(HOME)
    flood(1000, () => '192.168.1.66')
    await clock.advance(1000)
    sockets.taken()
    sockets.hear(search(IGD1), '192.168.1.50')
    await clock.advance(1000)
    expect(sockets.taken()).toMatchObject([{ to: '192.168.1.50:50000' }])
  })

  it('from forged sources is answered 300 times, then 100 times a second', async () => {
    await started(lan('br0', '192.168.0.1/16'))
    const forged = (i: number) => `192.168.${1 + (i >> 8)}.${i & 255}`
    flood(2000, forged)
    await clock.advance(1000)
    expect(sockets.taken()).toHaveLength(300)
    flood(2000, forged)
    await clock.advance(1000)
    expect(sockets.taken()).toHaveLength(100)
  })

  it('from addresses that nobody has is answered five times, then once a second, and takes nothing from others', async () => {
    await started(HOME)
    const forged = (i: number) => `192.168.1.${100 + (i % 100)}`
    for (let i = 0; i < 100; i++) absent.add(forged(i))
    flood(1000, forged)
    await clock.advance(1000)
    expect(sockets.taken()).toHaveLength(5)
    flood(1000, forged)
    sockets.hear(search(IGD1), '192.168.1.50')
    await clock.advance(1000)
    expect(sockets.taken().map(({ to }) => to)).toEqual(['192.168.1.100:50000', '192.168.1.50:50000'])
  })

  it('lan.routed: nobody behind another router is a neighbour, and all are answered', async () => {
    await started({ ...HOME, routed: [lan('', '10.9.0.0/24').prefix] })
    for (let i = 1; i <= 20; i++) absent.add(`10.9.0.${i}`)
    flood(20, (i) => `10.9.0.${i + 1}`)
    await clock.advance(1000)
    expect(sockets.taken()).toHaveLength(20)
  })

  it('for what is not here costs nobody an answer', async () => {
    await started(HOME)
    for (let i = 0; i < 1000; i++) sockets.hear(search('urn:x:device:MediaServer:1'), '192.168.1.66')
    sockets.hear(search(IGD1), '192.168.1.66')
    await clock.advance(1000)
    expect(sockets.taken()).toHaveLength(1)
  })
})

describe('LANs that change', () => {
  it('the same LANs again: not a word', async () => {
    await started(HOME)
    await server.setLans([lan('br0', '192.168.1.1/24')])
    await clock.advance(2000)
    expect(sockets.taken()).toEqual([])
    expect(kept).toEqual([])
  })

  it('UDA 1.1 §1.2.4: a LAN more is announced with the next BOOTID, the others are told of it', async () => {
    await started(HOME)
    await server.setLans([HOME, GUESTS])
    await clock.advance(2000)
    const sent = sockets.taken()
    expect(said(sent, 'br0')).toEqual([`ssdp:update 7 8 x${2 * THINGS}`, `ssdp:alive 8 x${2 * THINGS}`])
    expect(said(sent, 'br1')).toEqual([`ssdp:byebye 8 x${2 * THINGS}`, `ssdp:alive 8 x${2 * THINGS}`])
    expect(kept).toEqual([8])
    sockets.hear(search(IGD1), '192.168.2.50')
    await clock.advance(1000)
    expect(sockets.taken()[0]?.headers['BOOTID.UPNP.ORG']).toBe('8')
  })

  it('UDA 1.1 §1.2.2: BOOTID is kept before it is announced, so that no later run begins below it', async () => {
    await started(HOME)
    let keptFirst: readonly number[] | undefined
    sockets.onSend = () => void (keptFirst ??= [...kept])
    await server.setLans([HOME, GUESTS])
    await clock.advance(2000)
    expect(keptFirst).toEqual([8])
  })

  it('a BOOTID that cannot be kept is reported, and announced all the same', async () => {
    await started(HOME)
    disk.broken = true
    await server.setLans([HOME, GUESTS])
    await clock.advance(2000)
    expect(logged).toEqual(['SSDP: BOOTID cannot be kept; the next start may announce an old one'])
    expect(said(sockets.taken(), 'br1').at(-1)).toBe(`ssdp:alive 8 x${2 * THINGS}`)
  })

  it('UDA 1.1 §1.2.4: another address means update, then alive, both with the new LOCATION', async () => {
    await started(HOME)
    await server.setLans([lan('br0', '192.168.9.1/24')])
    await clock.advance(2000)
    const sent = sockets.taken()
    expect(said(sent)).toEqual([`ssdp:update 7 8 x${2 * THINGS}`, `ssdp:alive 8 x${2 * THINGS}`])
    expect(new Set(sent.map(({ headers }) => headers['LOCATION']))).toEqual(
      new Set(['http://192.168.9.1:5000/igd1.xml']),
    )
    expect([...sockets.open]).toEqual(['br0 192.168.9.1'])
    expect([...sockets.members]).toEqual(['192.168.9.1'])
    for (const from of ['192.168.1.50', '192.168.9.50']) sockets.hear(search(IGD1), from)
    await clock.advance(1000)
    expect(sockets.taken()).toMatchObject([{ to: '192.168.9.50:50000' }])
  })

  it('a LAN that goes hears byebye twice and nothing after', async () => {
    await started(HOME, GUESTS)
    sockets.hear(search(IGD1), '192.168.2.50')
    const change = server.setLans([HOME])
    await clock.advance(2000)
    await change
    const sent = sockets.taken()
    expect(said(sent, 'br0')).toEqual([])
    expect(said(sent, 'br1')).toEqual([`ssdp:byebye 7 x${2 * THINGS}`])
    expect([...sockets.open]).toEqual(['br0 192.168.1.1'])
    expect([...sockets.members]).toEqual(['192.168.1.1'])
    await clock.advance(900_000)
    expect(said(sockets.taken(), 'br1')).toEqual([])
  })

  it('an interface that goes away with its address is left all the same', async () => {
    await started(HOME)
    sockets.broken.add(HOME.address)
    sockets.members.clear()
    const change = server.setLans([])
    await clock.advance(2000)
    await change
    expect(sockets.open.size).toBe(0)
  })

  it('a LAN that cannot be joined is reported and tried again, the others go on', async () => {
    await started(HOME)
    sockets.broken.add(GUESTS.address)
    await server.setLans([HOME, GUESTS])
    expect(logged).toEqual(['SSDP: cannot be found on this LAN; will try again'])
    await clock.advance(7000)
    expect(sockets.taken()).toEqual([])
    sockets.broken.clear()
    await clock.advance(3000)
    expect(said(sockets.taken(), 'br1')).toEqual([
      `ssdp:byebye 8 x${2 * THINGS}`,
      `ssdp:alive 8 x${2 * THINGS}`,
    ])
  })

  it('changes that come fast are made one after the other', async () => {
    await started(HOME)
    void server.setLans([GUESTS])
    void server.setLans([HOME, GUESTS])
    await clock.advance(3000)
    expect([...sockets.open].sort()).toEqual(['br0 192.168.1.1', 'br1 192.168.2.1'])
    expect(said(sockets.taken(), 'br0')).toEqual([
      `ssdp:byebye 7 x${2 * THINGS}`,
      `ssdp:byebye 9 x${2 * THINGS}`,
      `ssdp:alive 9 x${2 * THINGS}`,
    ])
  })
})

describe('stop', () => {
  it('G20: every LAN hears byebye twice, then the sockets are closed and nothing waits', async () => {
    await started(HOME, GUESTS)
    await stopped()
    const sent = sockets.taken()
    for (const { name } of [HOME, GUESTS]) expect(said(sent, name)).toEqual([`ssdp:byebye 7 x${2 * THINGS}`])
    expect(sockets.open.size).toBe(0)
    expect(sockets.groups).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('in the middle of a set of alive, leaves none of it behind its byebye', async () => {
    await started(HOME)
    sockets.onSend = () => {
      sockets.onSend = () => undefined
      void server.stop()
    }
    await clock.advance(900_000)
    const [alive, ...rest] = said(sockets.taken())
    expect(alive).toMatch(/^ssdp:alive 7 x[1-9]$/)
    expect(rest).toEqual([`ssdp:byebye 7 x${2 * THINGS}`])
  })

  it('takes less than half a second', async () => {
    await started(HOME, GUESTS)
    let over = false
    void server.stop().then(() => (over = true))
    await clock.advance(500)
    expect(over).toBe(true)
  })

  it('cancels the answers that wait', async () => {
    await started(HOME)
    sockets.hear(search(IGD1), '192.168.1.50')
    await stopped()
    expect(sockets.taken().filter(({ start }) => start.includes('200'))).toEqual([])
  })

  it('tries no more what could not be joined', async () => {
    await started(HOME)
    sockets.broken.add(GUESTS.address)
    await server.setLans([HOME, GUESTS])
    await stopped()
    expect(clock.pending).toBe(0)
  })

  it('is the end: what changes later is not acted on, and a second stop is fine', async () => {
    await started(HOME)
    await stopped()
    sockets.taken()
    await server.setLans([HOME, GUESTS])
    await server.stop()
    await settle()
    expect(sockets.taken()).toEqual([])
    expect(sockets.open.size).toBe(0)
  })
})
