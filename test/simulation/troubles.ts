import type { Ipv4Address } from '../../src/lib/ip.ts'
import { millis, seconds } from '../../src/lib/units.ts'
import type { Request } from '../../src/pcp/wire/message.ts'
import { encodeResponse } from '../../src/pcp/wire/packet.ts'
import { noFaults } from '../../src/pcp-server/faults.ts'
import { DEFAULT_SETTINGS } from '../../src/pcp-server/settings.ts'
import { announcement } from '../../src/pcp-server/unsolicited.ts'
import { ip } from '../support/fake-carrier.ts'
import { ROUTER_WAN, SERVER_A, SERVER_A2, SERVER_B } from '../support/world/world.ts'
import type { Happening } from './happening.ts'
import type { Simulation } from './simulation.ts'

// What each happening does to the world; what control points do is in `control-points.ts`.

type Kind = Happening['kind']
type Of<K extends Kind> = Extract<Happening, { kind: K }>
type Doing = { readonly [K in Kind]: (sim: Simulation, what: Of<K>) => void }

const OTHER_ADDRESSES = [3, 4, 5, 6].map((octet) => ip(`100.64.0.${octet}`))
const EXTERNAL_ADDRESSES = ['203.0.113.1', '203.0.114.1', '203.0.113.77'].map(ip)
const SERVERS = [SERVER_A, SERVER_A2, SERVER_B]
const PCP = 5351

/** A host that left is noticed within this. */
const NOTICED = 6000
/** A daemon that runs for so long has read the leases. */
const READ = 15_000

export function happen(sim: Simulation, what: Happening): void {
  const act = DOING[what.kind] as (sim: Simulation, what: Happening) => void
  act(sim, what)
}

const DOING: Doing = {
  add: (sim, call) => sim.points.adds.add(call),
  'add-any': (sim, call) => sim.points.adds.add(call),
  again: (sim, call) => sim.points.adds.again(call),
  delete: (sim, call) => sim.points.deletes.delete(call),
  'delete-port': (sim, call) => sim.points.deletes.deletePort(call),
  'delete-range': (sim, call) => sim.points.deletes.deleteRange(call),
  get: (sim, call) => sim.points.readings.get(call),
  'get-held': (sim, call) => sim.points.readings.getHeld(call),
  walk: (sim, call) => sim.points.readings.walk(call),
  list: (sim, call) => sim.points.readings.list(call),
  'ask-state': (sim, call) => sim.points.readings.askState(call),
  hostile: (sim, call) => sim.points.readings.hostile(call),
  subscribe: (sim, call) => sim.points.subscribers.subscribe(call),
  'operator-add': (sim, call) => sim.points.operator.add(call),
  'operator-delete': (sim, call) => sim.points.operator.delete(call),
  nothing: () => undefined,

  line: (sim, { down, for: lasts, late, latest, lost, twice, up }) => {
    const { network } = sim.world
    const faults = { late, latest, lost, twice, cut: false }
    if (up) Object.assign(network.up, faults)
    if (down) Object.assign(network.down, faults)
    sim.trouble('line', lasts, () => network.heal())
  },
  cut: (sim, { down, for: lasts, up }) => {
    const { network } = sim.world
    network.up.cut = up
    network.down.cut = down
    sim.trouble('line', lasts, () => network.heal())
  },
  'server-restart': (sim, { announces, renumbers }) => {
    restartServer(sim, renumbers)
    if (announces) announce(sim)
  },
  'server-state': (sim, { address, for: lasts, state }) => {
    const at = SERVERS[address] ?? SERVER_A
    const nat = at === SERVER_B ? sim.world.other : sim.world.carrier
    nat.setState(at, state)
    sim.trouble(`server ${at}`, lasts, () => nat.setState(at, 'up'))
  },
  'server-result': (sim, { code, for: lasts, lifetime, only, times }) => {
    const { faults } = sim.carrier.responder
    const isDelete = ({ lifetime: asked }: Request) => asked === 0
    const when = { all: () => true, deletes: isDelete, maps: (request: Request) => !isDelete(request) }[only]
    faults.result = {
      code,
      lifetime,
      times,
      when: (request) => request.body.opcode === 'MAP' && when(request),
    }
    sim.trouble('server result', lasts, () => {
      faults.result = undefined
    })
  },
  'server-mode': (sim, { for: lasts, mode }) => {
    const { carrier } = sim
    const undo = MODES[mode](sim)
    sim.trouble(`server ${mode}`, lasts, () => undo(carrier))
  },
  'server-moves': (sim, { externalPort, which }) => {
    const { network, router } = sim.world
    const { responder } = sim.carrier
    const ours = sim.carrier.of(router.addresses)
    const mapping = ours[which % ours.length]
    if (!mapping || responder.mappings().some(({ external }) => external.port === externalPort)) return
    const from = { address: sim.server === 'a' ? SERVER_A : SERVER_B, port: PCP }
    for (const { after, bytes, to } of responder.moveMapping(mapping, {
      ...mapping.external,
      port: externalPort,
    }))
      network.deliver(bytes, from, to, after)
    sim.jolt()
  },
  'server-switch': (sim, { to }) => {
    if (sim.profile.servers !== 'dhcp') return
    sim.server = to
    sim.world.useServer(to)
    sim.jolt()
  },
  neighbour: (sim, { externalPort, lifetime, protocol }) => {
    const { carrier } = sim
    carrier.occupy(protocol, externalPort, lifetime)
    sim.trouble(`neighbour ${protocol} ${externalPort}`, lifetime * 1000, () =>
      carrier.occupy(protocol, externalPort, 0),
    )
  },
  'forged-announce': (sim, { epoch }) => {
    const bytes = encodeResponse(announcement(epoch))
    sim.world.life.announcements?.receive(bytes, { address: SERVER_A, port: PCP })
  },

  wan: (sim, { for: lasts, to }) => {
    const { router } = sim.world
    const [first = ROUTER_WAN] = router.addresses
    if (to === 'no-route') {
      router.routed = false
      sim.world.clock.touched()
      sim.trouble('route', lasts, () => {
        router.routed = true
        sim.world.clock.touched()
      })
      return
    }
    const next = OTHER_ADDRESSES.find((address) => address !== first) ?? first
    setWan(sim, to === 'none' ? [] : to === 'both' ? [next, first] : [next])
    sim.trouble('wan', lasts, () => setWan(sim, [to === 'both' ? next : first]))
  },
  'wan-flaps': (sim, { gap, times }) => {
    const steps = [[], [OTHER_ADDRESSES[0] ?? ROUTER_WAN], [ROUTER_WAN]]
    for (let n = 0; n < times * steps.length; n++)
      sim.after(n * gap, () => {
        if (sim.isActive('wan')) setWan(sim, steps[n % steps.length] ?? [])
      })
    sim.trouble('wan', times * steps.length * gap, () => setWan(sim, [ROUTER_WAN]))
  },
  'lan-down': (sim, { for: lasts }) => {
    const { clock, router } = sim.world
    router.lanUp = false
    clock.touched()
    sim.trouble('lan', lasts, () => {
      router.lanUp = true
      clock.touched()
    })
  },
  'host-leaves': (sim, { for: lasts, host: number }) => {
    const host = sim.hosts.at(number)
    if (!host.present) return
    const { machine } = host
    sim.hosts.become(host, { present: false })
    if (sim.profile.leases) gone(sim, number, () => !host.present)
    sim.trouble(`host ${number}`, lasts, () => {
      sim.hosts.become(host, { present: true })
      if (host.machine !== machine) replaced(sim, number)
    })
  },
  'host-replaced': (sim, { host: number }) => {
    const host = sim.hosts.at(number)
    sim.hosts.become(host, { machine: host.machine + 4 })
    if (host.present) replaced(sim, number)
  },

  'kernel-flush': (sim) => {
    sim.world.router.kernel.flush()
    sim.world.clock.touched()
    sim.jolt()
  },
  'kernel-refuses': (sim, { for: lasts }) => {
    const { kernel } = sim.world.router
    kernel.objection = () => 'Could not process rule: Cannot allocate memory'
    sim.trouble('kernel', lasts, () => {
      kernel.objection = () => undefined
      sim.checks.kernelIsBack()
      sim.world.clock.touched()
    })
  },
  disk: (sim, { for: lasts, how }) => {
    const { disk } = sim.world.router
    const name = { 'read-only': 'broken', full: 'full', unsynced: 'unsynced', 'no-room': 'noRoom' } as const
    disk[name[how]] = true
    sim.trouble(`disk ${how}`, lasts, () => {
      disk[name[how]] = false
    })
  },

  crash: (sim, { back, steps }) => {
    const { life } = sim.world
    if (!life.alive) return
    sim.back = back
    if (steps > 0) life.stepsLeft = steps
    else sim.kill()
  },
  reboot: (sim, { keepsDate, off }) => {
    const { clock, dice, life, router } = sim.world
    if (life.alive) sim.kill()
    sim.stayDown()
    router.powerCut(dice)
    sim.trouble('power', off, () => {
      router.boot(keepsDate)
      if (!keepsDate) {
        sim.dateChangedAt = sim.now
        // NTP answers a while later.
        sim.after(60_000, () => setDate(sim, 0))
      }
      sim.rebooted()
      clock.touched()
      sim.start()
    })
  },
  stop: (sim, { back, release }) => {
    const { life } = sim.world
    if (!life.ready || sim.world.router.asleep) return
    sim.stop(release, back)
  },
  reload: (sim, { perHost, rules }) => sim.reload(rules, perHost),
  date: (sim, { jump }) => setDate(sim, sim.world.router.dateOffset + jump),
  suspend: (sim, { for: lasts }) => {
    const { router } = sim.world
    router.asleep = true
    sim.points.telephone.waits.excuse(sim.now + lasts)
    sim.trouble('sleep', lasts, () => {
      router.wake()
    })
  },
}

function setDate(sim: Simulation, offset: number): void {
  if (sim.world.router.dateOffset === offset) return
  sim.world.router.dateOffset = offset
  sim.dateChangedAt = sim.now
}

function setWan(sim: Simulation, addresses: readonly Ipv4Address[]): void {
  const { clock, network, router } = sim.world
  for (const former of router.addresses) if (!addresses.includes(former)) network.lost(former)
  router.addresses = addresses
  clock.touched()
}

/** Another machine has the address. */
function replaced(sim: Simulation, number: number): void {
  const host = sim.hosts.at(number)
  const { machine } = host
  gone(sim, number, () => host.present && host.machine === machine)
}

/**
 * The host is gone, and what it has has to be gone soon: as long as `still` holds, and the daemon sees it.
 */
function gone(sim: Simulation, number: number, still: () => boolean): void {
  const { address } = sim.hosts.at(number)
  const { life } = sim.world
  const before = [...sim.promises.live].filter(
    (told) => told.client === address && told.fate !== 'asked' && !told.static && told.known,
  )
  const sees = sim.now - sim.readySince > READ && !sim.world.router.asleep
  sim.promises.disturb(address)
  if (!sees) return
  sim.after(NOTICED, () => {
    if (!life.ready || life !== sim.world.life || sim.world.router.asleep || !still()) return
    for (const told of before) if (sim.promises.live.has(told)) sim.promises.deleted(told, sim.diskTakes())
  })
}

function restartServer(sim: Simulation, renumbers: boolean): void {
  const { responder } = sim.carrier
  const { externalAddress } = responder.settings
  const next = EXTERNAL_ADDRESSES.find((address) => address !== externalAddress) ?? externalAddress
  if (renumbers) responder.settings = { ...responder.settings, externalAddress: next }
  responder.restart()
  sim.jolt()
}

/** RFC 6887 §14.1.3. */
function announce(sim: Simulation): void {
  const from = { address: sim.server === 'a' ? SERVER_A : SERVER_B, port: PCP }
  for (const { after, bytes } of sim.carrier.responder.announcements(from, 10))
    sim.after(after, () => {
      const { life, network, router } = sim.world
      if (!network.down.cut && router.routed && !router.asleep && life.alive)
        life.announcements?.receive(bytes, from)
    })
}

type Mode = Of<'server-mode'>['mode']
type Undo = (carrier: Simulation['carrier']) => void

const fault =
  <K extends keyof Simulation['carrier']['responder']['faults']>(
    name: K,
    value: Simulation['carrier']['responder']['faults'][K],
  ) =>
  ({ carrier }: Simulation): Undo => {
    carrier.responder.faults[name] = value
    return ({ responder }) => {
      responder.faults[name] = noFaults()[name]
    }
  }

/** Another firmware is another start. */
function speaksNatPmp(sim: Simulation): Undo {
  sim.carrier.responder.faults.natPmpOnly = true
  restartServer(sim, false)
  return ({ responder }) => {
    responder.faults.natPmpOnly = false
    responder.restart()
  }
}

const MODES: Readonly<Record<Mode, (sim: Simulation) => Undo>> = {
  'nat-pmp': speaksNatPmp,
  'ignores-preference': fault('ignorePreferFailure', true),
  brief: fault('lifetime', seconds(5)),
  'no-preference': fault('refuseOptions', ['PREFER_FAILURE']),
  'no-filter': fault('refuseOptions', ['FILTER']),
  'wrong-nonce': fault('flipNonce', true),
  'other-port': fault('otherPort', true),
  hidden: ({ carrier }) => {
    carrier.hidden = true
    return (nat) => {
      nat.hidden = false
    }
  },
  slow: fault('delay', millis(4000)),
  'stuck-epoch': fault('epoch', 12_345),
  'drops-answers': fault('dropResponses', 0.7),
  quota: ({ carrier: { responder }, profile: { settings } }) => {
    const { quota = DEFAULT_SETTINGS.quota } = settings
    responder.settings = { ...responder.settings, quota: 2 }
    return (nat) => {
      nat.responder.settings = { ...nat.responder.settings, quota }
    }
  },
}
