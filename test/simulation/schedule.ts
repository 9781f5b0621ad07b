import { seeded } from '../support/dice.ts'
import { type Draw, drawing } from './dice.ts'
import type { Event, Happening } from './happening.ts'
import { type Profile, profileOf } from './profile.ts'

// A seed is a profile and a list of happenings. Each schedule has some kinds of trouble and not others, so that each
// kind also comes without those that would hide what it does.

export interface Schedule {
  readonly profile: Profile
  readonly events: readonly Event[]
}

const EXTERNAL = [50_001, 50_002, 50_003, 8080, 8081, 3074, 27_015, 40_000] as const
const INTERNAL = [9000, 9001, 8080, 50_001] as const
const LEASES = [0, 0, 1, 5, 30, 120, 600, 600, 3600, 3600, 86_400, 604_800, 4_294_967_295] as const
const REMOTE = ['', '', '', '', '', '198.51.100.7', '198.51.100.8'] as const
const HOSTS = 4

const MINUTE = 60_000
const HOUR = 60 * MINUTE

type Make = (draw: Draw) => Happening

const both = (draw: Draw) => ({
  facade: draw.of([1, 2] as const),
  protocol: draw.of(['TCP', 'UDP'] as const),
})

const externalPort = (draw: Draw): number =>
  draw.chance(0.93) ? draw.of(EXTERNAL) : draw.of([80, 443, 22, 3389, 5351, 65_535, 1024])

function add(draw: Draw, kind: 'add' | 'add-any'): Happening {
  const by = draw.below(HOSTS)
  return {
    kind,
    by,
    client: draw.chance(0.93) ? by : draw.below(HOSTS),
    ...both(draw),
    ...(kind === 'add-any' ? { facade: 2 } : {}),
    externalPort: kind === 'add-any' && draw.chance(0.3) ? 0 : externalPort(draw),
    internalPort: draw.chance(0.96) ? draw.of(INTERNAL) : draw.of([80, 3389, 1023]),
    remoteHost: draw.of(REMOTE),
    lease: draw.of(LEASES),
  }
}

/** What control points do, each as often as it stands here. */
const CALLS: readonly (readonly [weight: number, make: Make])[] = [
  [16, (draw) => add(draw, 'add')],
  [6, (draw) => add(draw, 'add-any')],
  [
    8,
    (draw) => ({
      kind: 'again',
      which: draw.below(64),
      moves: draw.chance(0.3),
      lease: draw.of(LEASES),
      facade: draw.of([1, 2]),
      any: draw.chance(0.3),
    }),
  ],
  [
    8,
    (draw) => ({
      kind: 'delete',
      by: draw.below(HOSTS),
      facade: draw.of([1, 2]),
      which: draw.below(64),
      own: draw.chance(0.8),
    }),
  ],
  [
    2,
    (draw) => ({
      kind: 'delete-port',
      by: draw.below(HOSTS),
      ...both(draw),
      externalPort: externalPort(draw),
      remoteHost: draw.of(REMOTE),
    }),
  ],
  [
    2,
    (draw) => {
      const [a, b] = [draw.of(EXTERNAL), draw.of(EXTERNAL)]
      const { protocol } = both(draw)
      const range = draw.chance(0.9) ? { first: Math.min(a, b), last: Math.max(a, b) } : { first: a, last: b }
      return { kind: 'delete-range', by: draw.below(HOSTS), protocol, ...range, manage: draw.chance(0.5) }
    },
  ],
  [
    2,
    (draw) => ({
      kind: 'get',
      by: draw.below(HOSTS),
      ...both(draw),
      externalPort: externalPort(draw),
      remoteHost: draw.of(REMOTE),
    }),
  ],
  [
    3,
    (draw) => ({
      kind: 'get-held',
      by: draw.below(HOSTS),
      facade: draw.of([1, 2]),
      which: draw.below(64),
    }),
  ],
  [1, (draw) => ({ kind: 'walk', by: draw.below(HOSTS), facade: draw.of([1, 2]) })],
  [1, (draw) => ({ kind: 'list', by: draw.below(HOSTS), facade: 2 })],
  [1, (draw) => ({ kind: 'ask-state', by: draw.below(HOSTS), facade: draw.of([1, 2]) })],
  [
    2,
    (draw) => ({ kind: 'hostile', by: draw.below(HOSTS), facade: draw.of([1, 2]), which: draw.below(1000) }),
  ],
  [
    1,
    (draw) => ({
      kind: 'subscribe',
      by: draw.below(HOSTS),
      facade: draw.of([1, 2]),
      timeout: draw.spread(300, 1800),
      behaviour: draw.of(['takes', 'takes', 'refuses', 'hangs']),
    }),
  ],
]

/** Trouble by its kind. */
const TROUBLE: Readonly<Record<string, readonly Make[]>> = {
  line: [
    (draw) => ({
      kind: 'line',
      up: draw.chance(0.7),
      down: draw.chance(0.7),
      lost: draw.of([0, 0.2, 0.2, 0.5, 0.8]),
      twice: draw.of([0, 0.1, 0.5]),
      late: draw.of([0, 0.1, 0.5]),
      latest: draw.of([200, 1500, 1500, 5000]),
      for: draw.spread(1000, 6 * HOUR),
    }),
    (draw) => ({
      kind: 'cut',
      up: draw.chance(0.6),
      down: draw.chance(0.6),
      for: draw.spread(1000, 12 * HOUR),
    }),
  ],
  server: [
    (draw) => ({ kind: 'server-restart', announces: draw.chance(0.6), renumbers: draw.chance(0.3) }),
    (draw) => ({
      kind: 'server-state',
      address: draw.below(3),
      state: draw.of(['silent', 'refusing']),
      for: draw.spread(2000, 12 * HOUR),
    }),
    (draw) => ({ kind: 'server-moves', which: draw.below(64), externalPort: 20_000 + draw.below(50) }),
    (draw) => ({ kind: 'forged-announce', epoch: draw.of([0, 5, 1_000_000]) }),
  ],
  refusals: [
    (draw) => ({
      kind: 'server-result',
      code: draw.of([1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 11, 12, 13, 77]),
      lifetime: draw.of([0, 1, 30, 30, 300, 1800, 4_294_967_295]),
      times: draw.of([1, 2, 5, 1000]),
      for: draw.spread(5000, HOUR),
      only: draw.of(['all', 'deletes', 'maps']),
    }),
    (draw) => ({
      kind: 'neighbour',
      protocol: draw.of(['TCP', 'UDP']),
      externalPort: draw.of(EXTERNAL),
      lifetime: draw.spread(120, 86_400),
    }),
    (draw) => ({ kind: 'server-mode', mode: 'quota', for: draw.spread(5000, 6 * HOUR) }),
  ],
  modes: [
    (draw) => ({
      kind: 'server-mode',
      mode: draw.of([
        'nat-pmp',
        'ignores-preference',
        'brief',
        'no-preference',
        'no-filter',
        'wrong-nonce',
        'other-port',
        'hidden',
        'slow',
        'stuck-epoch',
        'drops-answers',
      ]),
      for: draw.spread(5000, 6 * HOUR),
    }),
  ],
  switching: [(draw) => ({ kind: 'server-switch', to: draw.of(['a', 'b']) })],
  wan: [
    (draw) => ({
      kind: 'wan',
      to: draw.of(['other', 'none', 'both', 'no-route']),
      for: draw.spread(100, 12 * HOUR),
    }),
    (draw) => ({ kind: 'wan-flaps', times: 1 + draw.below(8), gap: draw.spread(50, 5000) }),
  ],
  lan: [
    (draw) => ({ kind: 'lan-down', for: draw.spread(500, 2 * HOUR) }),
    (draw) => ({ kind: 'host-leaves', host: draw.below(HOSTS), for: draw.spread(50, 6 * HOUR) }),
    (draw) => ({ kind: 'host-replaced', host: draw.below(HOSTS) }),
  ],
  kernel: [
    () => ({ kind: 'kernel-flush' }),
    (draw) => ({ kind: 'kernel-refuses', for: draw.spread(500, HOUR) }),
  ],
  disk: [
    (draw) => ({
      kind: 'disk',
      how: draw.of(['read-only', 'full', 'unsynced', 'no-room']),
      for: draw.spread(500, 6 * HOUR),
    }),
  ],
  crash: [
    (draw) => ({
      kind: 'crash',
      steps: draw.chance(0.2) ? 0 : 1 + draw.below(40),
      back: draw.spread(10, HOUR),
    }),
  ],
  reboot: [(draw) => ({ kind: 'reboot', off: draw.spread(1000, 6 * HOUR), keepsDate: draw.chance(0.5) })],
  stop: [(draw) => ({ kind: 'stop', release: draw.chance(0.3), back: draw.spread(10, HOUR) })],
  operator: [
    (draw) => ({
      kind: 'reload',
      rules: draw.of(['none', 'web', 'denied', 'by']),
      perHost: draw.of([1, 2, 4, 64]),
    }),
    (draw) => ({
      kind: draw.of(['operator-add', 'operator-add', 'operator-delete']),
      client: draw.below(HOSTS),
      protocol: draw.of(['TCP', 'UDP']),
      externalPort: draw.of(EXTERNAL),
    }),
  ],
  time: [
    (draw) => ({ kind: 'date', jump: draw.of([-1, 1]) * draw.spread(1000, 10 * 365 * 24 * HOUR) }),
    (draw) => ({ kind: 'suspend', for: draw.spread(1000, 12 * HOUR) }),
  ],
}

const TROUBLES = Object.keys(TROUBLE)

/** Mostly one thing soon after the other; at times hours later, seldom a day. */
function wait(draw: Draw): number {
  const kind = draw.unit()
  if (kind < 0.1) return 0
  if (kind < 0.6) return draw.spread(1, 2000)
  if (kind < 0.85) return draw.spread(2000, 2 * MINUTE)
  return kind < 0.97 ? draw.spread(2 * MINUTE, 3 * HOUR) : draw.spread(3 * HOUR, 48 * HOUR)
}

function weighted(draw: Draw): Happening {
  let left = draw.unit() * CALLS.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, make] of CALLS) {
    left -= weight
    if (left < 0) return make(draw)
  }
  return { kind: 'nothing' }
}

export function scheduleOf(seed: number): Schedule {
  const draw = drawing(seeded(seed))
  const profile = profileOf(seed, draw)
  const share = draw.of([0.1, 0.3, 0.3, 0.6])
  const troubles = TROUBLES.filter(() => draw.chance(share))
  const often = draw.of([0.1, 0.25, 0.4])
  const events = Array.from({ length: draw.spread(10, 120) }, () => {
    const makes = troubles.length > 0 && draw.chance(often) ? (TROUBLE[draw.of(troubles)] ?? []) : []
    const make = makes.length > 0 ? draw.of(makes) : weighted
    return { wait: wait(draw), does: make(draw) }
  })
  return { profile, events }
}
