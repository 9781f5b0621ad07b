import { describe, expect, it } from 'vitest'
import { port, seconds } from '../../src/lib/units.ts'
import { textLine } from '../../src/log/render.ts'
import { add, caller, coreBench, HOST, key, OTHER } from '../support/core-bench.ts'
import { ip } from '../support/fake-carrier.ts'
import { mac } from '../support/fake-hosts.ts'

type Bench = ReturnType<typeof coreBench>

/** The log as somebody reads it who has not turned debug lines on. */
const said = ({ lines }: Pick<Bench, 'lines'>): readonly string[] =>
  lines
    .filter(({ level }) => level !== 'debug')
    .map(({ fields, level, message }) => {
      const record: unknown = JSON.parse(JSON.stringify({ level, msg: message, ...fields }))
      return textLine(record as Record<string, unknown>, false).trimEnd()
    })

const WEB = 'mapping=203.0.114.1:8080->192.168.1.10:8080/TCP host=192.168.1.10'
const OPERATOR = { address: ip('0.0.0.0'), version: 2, operator: true } as const

/** What happens, and what is said of it after the port was mapped. */
interface Story {
  readonly name: string
  readonly happens: (bench: Bench) => Promise<unknown>
  readonly lines: readonly string[]
}

const ignore = () => undefined

const STORIES: readonly Story[] = [
  {
    name: 'asked for again: nothing new',
    happens: ({ answered, iwf }) => answered(iwf.addPortMapping(add(), caller())),
    lines: [],
  },
  {
    name: 'pointed elsewhere',
    happens: ({ answered, iwf }) => answered(iwf.addPortMapping(add({ internalPort: port(8081) }), caller())),
    lines: [
      'INFO a port is mapped mapping=203.0.114.1:8080->192.168.1.10:8081/TCP host=192.168.1.10 lease=3600s description=web',
    ],
  },
  {
    name: 'for one remote host too',
    happens: ({ answered, iwf }) =>
      answered(iwf.addPortMapping(add({ remoteHost: ip('198.51.100.7'), lease: 'infinite' }), caller())),
    lines: [`INFO a port is mapped ${WEB} openTo=198.51.100.7 lease=forever description=web`],
  },
  {
    name: 'any port',
    happens: ({ answered, iwf }) =>
      answered(iwf.addAnyPortMapping(add({ internalPort: port(8082), description: '' }), caller())),
    lines: [
      'INFO a port is mapped mapping=203.0.114.1:20000->192.168.1.10:8082/TCP host=192.168.1.10 lease=3600s',
    ],
  },
  {
    name: 'by the operator',
    happens: ({ answered, iwf }) =>
      answered(
        iwf.addPortMapping(add({ externalPort: port(22), internalPort: port(22), static: true }), OPERATOR),
      ),
    lines: [
      'INFO a port is mapped mapping=203.0.114.1:22->192.168.1.10:22/TCP host=192.168.1.10 by=operator lease=3600s description=web',
    ],
  },
  {
    name: 'another host has it',
    happens: ({ answered, iwf }) =>
      answered(iwf.addPortMapping(add({ internalClient: OTHER }), caller(OTHER))).catch(ignore),
    lines: [
      'INFO a port is not mapped mapping=*:8080->192.168.1.20:8080/TCP host=192.168.1.20 error=718 why="another host has this port; see igd-pcp mappings"',
    ],
  },
  {
    name: 'for another host',
    happens: ({ answered, iwf }) =>
      answered(
        iwf.addAnyPortMapping(add({ externalPort: port(9009), internalClient: OTHER }), caller()),
      ).catch(ignore),
    lines: [
      'INFO a port is not mapped mapping=*:9009->192.168.1.20:8080/TCP host=192.168.1.20 by=192.168.1.10 error=606 why="it asks for another host, which no line of access.rules allows"',
    ],
  },
  {
    name: 'for another host, by a :1 control point: the error that it gets',
    happens: ({ answered, iwf }) =>
      answered(
        iwf.addPortMapping(add({ externalPort: port(9009), internalClient: OTHER }), caller(HOST, 1)),
      ).catch(ignore),
    lines: [
      'INFO a port is not mapped mapping=*:9009->192.168.1.20:8080/TCP host=192.168.1.20 by=192.168.1.10 error=718 why="it asks for another host, which no line of access.rules allows"',
    ],
  },
  {
    name: 'another host deletes it by :1',
    happens: ({ answered, iwf }) => answered(iwf.deletePortMapping(key(), caller(OTHER, 1))).catch(ignore),
    lines: ['INFO a delete is refused host=192.168.1.20 error=714 why="the entry is another host’s"'],
  },
  {
    name: 'refused by the carrier',
    happens: async ({ answered, carrier, iwf }) => {
      carrier.refuse = { result: 'USER_EX_QUOTA', lifetime: seconds(30) }
      const again = () =>
        answered(iwf.addPortMapping(add({ externalPort: port(8081) }), caller())).catch(ignore)
      await again()
      await again()
    },
    lines: [
      'WARN the carrier grants this line no more mappings; asking for none beyond mappings=1',
      'INFO a port is not mapped mapping=*:8081->192.168.1.10:8080/TCP host=192.168.1.10 error=728 why="the carrier grants this line no more mappings (USER_EX_QUOTA); see igd-pcp status"',
      'INFO a port is not mapped mapping=*:8081->192.168.1.10:8080/TCP host=192.168.1.10 error=728 why="it was asked a moment ago, and the carrier grants this line no more mappings (USER_EX_QUOTA); see igd-pcp status"',
    ],
  },
  {
    name: 'the disk is full',
    happens: ({ answered, iwf, store }) => {
      store.broken = true
      return answered(iwf.addPortMapping(add({ externalPort: port(8081) }), caller())).catch(ignore)
    },
    lines: [
      'INFO a port is not mapped mapping=*:8081->192.168.1.10:8080/TCP host=192.168.1.10 error=501 why="nothing can be written to state.dir; see igd-pcp status"',
    ],
  },
  {
    name: 'the NAT refuses',
    happens: ({ answered, iwf, nat }) => {
      nat.broken = true
      return answered(iwf.addPortMapping(add({ externalPort: port(8081) }), caller())).catch(ignore)
    },
    lines: [
      expect.stringMatching(
        /^ERROR the NAT of this router refused a rule mapping=\*:\*->192\.168\.1\.10:8080\/TCP host=192\.168\.1\.10 wanPort=\d+ why=.* todo="igd-pcp status"$/,
      ) as string,
      'INFO a port is not mapped mapping=*:8081->192.168.1.10:8080/TCP host=192.168.1.10 error=501 why="the NAT of this router refused the rule; see igd-pcp status"',
    ],
  },
  {
    name: 'deleted',
    happens: ({ answered, iwf }) => answered(iwf.deletePortMapping(key(), caller())),
    lines: [`INFO a mapping is deleted ${WEB}`],
  },
  {
    name: 'deleted by the operator',
    happens: ({ answered, iwf }) => answered(iwf.deletePortMapping(key(), OPERATOR)),
    lines: [`INFO a mapping is deleted ${WEB} by=operator`],
  },
  {
    name: 'deleted in a range',
    happens: ({ answered, iwf }) =>
      answered(
        iwf.deletePortMappingRange(
          { startPort: 8000, endPort: 9000, protocol: 'TCP', manage: false },
          caller(),
        ),
      ),
    lines: [`INFO a mapping is deleted ${WEB}`],
  },
  {
    name: 'what is not there is deleted: that is ordinary',
    happens: ({ answered, iwf }) =>
      answered(iwf.deletePortMapping(key({ externalPort: port(1) }), caller())).catch(ignore),
    lines: [],
  },
  {
    name: 'another host deletes it',
    happens: ({ answered, iwf }) => answered(iwf.deletePortMapping(key(), caller(OTHER))).catch(ignore),
    lines: ['INFO a delete is refused host=192.168.1.20 error=606 why="the entry is another host’s"'],
  },
  {
    name: 'its lease ends',
    happens: ({ clock }) => clock.advance(3_600_000),
    lines: [`INFO the lease of a mapping ended ${WEB}`],
  },
  {
    name: 'its host is gone',
    happens: ({ iwf }) => Promise.resolve(iwf.forgetHost(HOST, 'its DHCP lease ended')),
    lines: [
      'INFO a LAN host is gone, and its port mappings with it host=192.168.1.10 why="its DHCP lease ended" mappings=["203.0.114.1:8080->192.168.1.10:8080/TCP"]',
    ],
  },
  {
    name: 'the carrier refuses to renew it, said once, and then does',
    happens: async ({ carrier, clock }) => {
      carrier.refuse = { result: 'NOT_AUTHORIZED', lifetime: seconds(60) }
      await clock.advance(700_000)
      carrier.refuse = undefined
      await clock.advance(120_000)
    },
    lines: [
      expect.stringMatching(
        /^WARN the carrier refuses to renew a mapping .*host=192\.168\.1\.10 why="the carrier does not allow it \(NOT_AUTHORIZED\); see igd-pcp status" openFor=\d+s askedAgainIn=\d+s$/,
      ) as string,
      `INFO the carrier has a mapping again as it was ${WEB}`,
    ],
  },
  {
    name: 'the carrier is silent until it lapses, and comes back',
    happens: async ({ carrier, clock, events }) => {
      carrier.silent = true
      carrier.reachable = false
      await clock.advance(1_300_000)
      carrier.silent = false
      carrier.reachable = true
      events.returned()
      await clock.advance(20_000)
    },
    lines: [
      `WARN the carrier let a mapping lapse; it is asked for again ${WEB} why="the PCP server does not answer"`,
      `INFO the carrier has a mapping again as it was ${WEB}`,
      'INFO the carrier was asked for every mapping anew mapped=1 refused=0 unanswered=0',
    ],
  },
  {
    name: 'the carrier lost its state, and somebody else has the port',
    happens: async ({ carrier, clock, events }) => {
      carrier.held.clear()
      carrier.taken.add(8080)
      events.lostState()
      await clock.advance(20_000)
    },
    lines: [
      'WARN the PCP server lost its state; mapping all ports anew mappings=1',
      `WARN the carrier refuses to map a port anew ${WEB} why="the carrier has given this port to somebody else (CANNOT_PROVIDE_EXTERNAL)" askedAgainIn=33s`,
      'INFO the carrier was asked for every mapping anew mapped=0 refused=1 unanswered=0',
    ],
  },
  {
    name: 'the carrier lost its state, and gives another port',
    happens: async ({ carrier, clock, events }) => {
      carrier.held.clear()
      carrier.ignorePreferFailure = true
      events.lostState()
      await clock.advance(20_000)
    },
    lines: [
      'WARN the PCP server lost its state; mapping all ports anew mappings=1',
      `WARN the carrier moved a mapping ${WEB} now=203.0.114.1:20000 then="its device does not know; the old port is asked for again"`,
      'INFO the carrier was asked for every mapping anew mapped=1 refused=0 unanswered=0',
    ],
  },
]

describe('what the log says of a mapping', () => {
  it('that it is there, whose it is, what it leads to, and for how long', async () => {
    const bench = coreBench()
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    expect(said(bench)).toEqual([`INFO a port is mapped ${WEB} lease=3600s description=web`])
  })

  it.each(STORIES)('$name', async ({ happens, lines }) => {
    const bench = coreBench()
    bench.carrier.maxLifetime = 1200
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    bench.lines.length = 0
    await happens(bench)
    expect(said(bench)).toEqual(lines)
  })

  it('another machine has the address of its host', async () => {
    const bench = coreBench()
    bench.hosts.macs.set(HOST, mac('02:00:00:00:00:01'))
    await bench.answered(bench.iwf.addPortMapping(add(), caller()))
    bench.lines.length = 0
    bench.hosts.macs.set(HOST, mac('02:00:00:00:00:02'))
    await bench.answered(bench.iwf.addPortMapping(add({ externalPort: port(8081) }), caller()))
    expect(said(bench)[0]).toBe(
      `INFO a LAN host is gone, and its port mappings with it host=192.168.1.10 why="${mac('02:00:00:00:00:02')} has its address now, not ${mac('02:00:00:00:00:01')}" mappings=["203.0.114.1:8080->192.168.1.10:8080/TCP"]`,
    )
  })

  it('a description that is no good is escaped, and cut', async () => {
    const bench = coreBench()
    const description = `\u001b[2J\nERROR all is lost ${'x'.repeat(300)}`
    await bench.answered(bench.iwf.addPortMapping(add({ description }), caller()))
    const [line = ''] = said(bench)
    expect(line).toMatch(/^[ -~]+$/)
    expect(line).toContain('description="\\u001b[2J\\nERROR all is lost x')
    expect(line.length).toBeLessThan(250)
  })
})
