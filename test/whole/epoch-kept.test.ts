import { expect, it } from 'vitest'
import { add, caller } from '../support/core-bench.ts'
import { Life } from './crash/life.ts'
import { Machine } from './crash/machine.ts'

const LOST = 'the PCP server lost its state'

/** Lines that say so, after `act` happened while no daemon ran. */
async function noticed(act: (machine: Machine) => void): Promise<number> {
  const machine = new Machine(1)
  machine.link.faulty = false
  await machine.clock.advance(5_000_000)
  const first = new Life(machine, Infinity)
  void first.start()
  await machine.clock.advance(100)
  void first.core?.iwf.addPortMapping(add(), caller())
  await machine.clock.advance(60_000)
  first.kill()
  act(machine)
  await machine.clock.advance(10_000)
  const second = new Life(machine, Infinity)
  void second.start()
  await machine.clock.advance(60_000)
  expect(second.core?.iwf.portMappingNumberOfEntries()).toBe(1)
  return machine.story.filter((line) => line.includes(LOST)).length
}

const restart = ({ network }: Machine) => network.carrierAt(network.server.address)?.restart()

it('a server that lost its state while the daemon was away is noticed at its first answer', async () => {
  expect(await noticed(restart)).toBe(1)
})

it('one that did not is not taken for one', async () => {
  expect(await noticed(() => undefined)).toBe(0)
})

it('after a reboot of the router nothing is known of it', async () => {
  const both = (machine: Machine) => {
    restart(machine)
    machine.reboot()
  }
  expect(await noticed(both)).toBe(0)
})
