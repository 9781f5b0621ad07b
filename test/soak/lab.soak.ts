import { setMaxListeners } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Closers } from '../../src/lib/closers.ts'
import { seeded } from '../support/dice.ts'
import { CLIENTS, type Stage } from './clients.ts'
import { growthOf, settled } from './growth.ts'
import { curves, reportOf, type Soak, unexplained, unexplainedMisses } from './report.ts'
import { agreed } from './rest.ts'
import { readMeasures, type Sample } from './samples.ts'
import { plan, Schedule } from './schedule.ts'
import { Tally } from './tally.ts'
import { checkTraffic, endTraffic, prepareTraffic, TRAFFIC_MAPPINGS } from './traffic.ts'
import { Watch } from './watch.ts'
import { openWorld } from './world.ts'

const { SOAK_MINUTES = '120', SOAK_SEED = '1' } = process.env
const SECONDS = Number(SOAK_MINUTES) * 60
/** The garbage is collected so many times, so that there is a curve of what is held. */
const COLLECTIONS = 60
/** What control points left behind ends within this time: leases, subscriptions, kept connections. */
const AFTERMATH = 400_000
const OUT = fileURLToPath(new URL('../../build/soak', import.meta.url))

/** The clients come, things happen, the clients leave. */
async function play(stage: Stage, until: (seconds: number) => Promise<void>, leave: () => void) {
  const clients = [...CLIENTS, checkTraffic].map((client) =>
    client(stage).catch((error: unknown) => stage.tally.miss(client.name, String(error))),
  )
  await stage.schedule.run(plan(SECONDS, stage.random), stage.world, stage.random)
  await until(SECONDS)
  leave()
  await Promise.all(clients)
}

/** The daemon once it has let go of everything, or as it is when it does not. */
async function atRest(watch: Watch, before: Sample): Promise<Sample> {
  const end = performance.now() + AFTERMATH
  for (;;) {
    const now = await watch.sample()
    const isBack = Object.entries(now.files).every(([kind, count]) => count <= (before.files[kind] ?? 0))
    if (isBack || performance.now() > end) return now
    await sleep(5000)
  }
}

/** The report so far: a soak that is still going on, or was ended, has one too. */
async function writeReport(directory: string, soak: Soak): Promise<void> {
  await writeFile(join(directory, 'report.json'), JSON.stringify({ ...soak, counts: [...soak.tally.counts] }))
  await writeFile(join(directory, 'report.md'), reportOf(soak))
}

async function soakFor(directory: string, closers: Closers): Promise<Soak> {
  const started = performance.now()
  const now = () => (performance.now() - started) / 1000
  const world = await openWorld(directory, closers)
  process.env['SOAK_MEASURES'] = world.measures
  process.env['SOAK_COLLECT_EVERY'] = String(Math.ceil(SECONDS / 10 / COLLECTIONS))
  await world.lab.daemon.start()
  const leaving = new AbortController()
  setMaxListeners(CLIENTS.length * 10, leaving.signal)
  const tally = new Tally(now)
  const watch = new Watch(world, directory, now)
  const schedule = new Schedule(now)
  const random = seeded(Number(SOAK_SEED))
  const stage: Stage = { world, tally, random, schedule, leaving: leaving.signal }
  await prepareTraffic(stage)
  await sleep(15_000) // the connections of the first control points end
  const before = await watch.sample()
  const wrong: string[] = []
  const note = (error: unknown) => void wrong.push(String(error))
  const seen = async (after: Sample): Promise<Soak> => ({
    seed: SOAK_SEED,
    minutes: now() / 60,
    samples: watch.samples,
    measures: await readMeasures(world),
    said: watch.said,
    happenings: schedule.happenings,
    tally,
    causes: (at, within) => schedule.causes(at, within),
    wrong,
    rest: { before, after },
  })
  const watching = watch.run(tally, leaving.signal)
  const progress = setInterval(() => {
    console.log(JSON.stringify({ ...watch.samples.at(-1), misses: tally.misses.length }))
    void seen(watch.samples.at(-1) ?? before).then((soFar) => writeReport(directory, soFar))
  }, 60_000)
  await play(
    stage,
    (at) => sleep(Math.max(0, at - now()) * 1000),
    () => leaving.abort(),
  ).catch(note)
  clearInterval(progress)
  await watching
  await agreed(world, TRAFFIC_MAPPINGS, AFTERMATH).catch(note)
  await endTraffic(stage).catch(note)
  await agreed(world, 0, 30_000).catch(note)
  return await seen(await atRest(watch, before))
}

describe(`${SOAK_MINUTES} minutes among real clients, seed ${SOAK_SEED}`, () => {
  const closers = new Closers((error) => console.error(error))
  let soak: Soak

  beforeAll(
    async () => {
      await rm(OUT, { recursive: true, force: true })
      await mkdir(OUT, { recursive: true })
      soak = await soakFor(OUT, closers)
      await writeReport(OUT, soak)
      console.log(reportOf(soak))
    },
    SECONDS * 1000 + 3 * AFTERMATH,
  )

  it('everything happened; at rest the tables of the daemon, the carrier and the kernel agree', () => {
    expect(soak.wrong).toEqual([])
  })

  it('no warning or error that the schedule does not explain', () => {
    expect(unexplained(soak).map(({ at, line }) => `${at.toFixed(0)} s: ${line}`)).toEqual([])
  })

  it('no client misses anything but while something happens', () => {
    expect(unexplainedMisses(soak)).toEqual([])
  })

  // Of two hours the last life has 72 minutes, and its last two thirds about 39,000 calls of control points, of which
  // 2,000 make a mapping. So 0.6 MiB of objects are 16 octets a call: less than any object takes. Less cannot be asked,
  // as tables are larger at one moment than at another. Resident memory also has what the allocators keep for later.
  it.each([
    ['objects in it, MiB', 0.6],
    ['memory outside the heap, MiB', 0.3],
    ['resident memory, MiB', 3],
    ['open files', 4],
    ['timers, sockets and other handles', 6],
    ['threads', 0.5],
    ['child processes', 0.5],
  ])('%s: flat, growing by less than %s', (name, most) => {
    const points = settled(curves(soak)[name] ?? [])
    expect(points.length).toBeGreaterThan(2)
    expect(growthOf(points)).toBeLessThan(most)
  })

  it('no file stays open when all clients have left', () => {
    const { before, after } = soak.rest
    expect(after.files).toEqual(before.files)
    expect([after.threads, after.children]).toEqual([before.threads, before.children])
  })

  afterAll(() => closers[Symbol.asyncDispose]())
})
