import type { Log } from '../../../src/lib/log.ts'
import { port } from '../../../src/lib/units.ts'
import { SsdpServer } from '../../../src/upnp/ssdp.ts'
import { seeded } from '../../support/dice.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { FakeSockets, lan } from './fake-sockets.ts'

export const HOME = lan('br0', '192.168.1.1/24')
export const GUESTS = lan('br1', '192.168.2.1/24')
export const IGD1 = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1'
export const IGD2 = 'urn:schemas-upnp-org:device:InternetGatewayDevice:2'
/** 3 for the root, 2 for each embedded device, 1 for each of 3 services. */
export const THINGS = 10
const FIRST_BOOT_ID = 7

/** The SSDP server on a virtual clock and fake sockets, which announces `defaultVersion`. */
export function ssdpBench(defaultVersion: 1 | 2 = 1) {
  const clock = new VirtualClock()
  const sockets = new FakeSockets(clock)
  const logged: string[] = []
  const note = (_fields: object, message: string) => void logged.push(message)
  const log: Log = { debug: () => undefined, info: note, warn: note, error: note }
  const kept: number[] = []
  const disk = { broken: false }
  const absent = new Set<string>()
  const server = new SsdpServer({
    clock,
    sockets,
    random: seeded(1),
    log,
    date: () => new Date(0),
    udns: { igd: 'uuid:a', wan: 'uuid:b', wanConnection: 'uuid:c' },
    defaultVersion,
    serverHeader: 'Linux/6 UPnP/1.1 igd-pcp/1',
    httpPort: port(5000),
    paths: { 1: '/igd1.xml', 2: '/igd2.xml' },
    bootId: FIRST_BOOT_ID,
    keepBootId: (bootId) => {
      if (disk.broken) return Promise.reject(new Error('ENOSPC'))
      kept.push(bootId)
      return Promise.resolve()
    },
    configId: 3,
    isNeighbour: (address) => !absent.has(address),
  })
  return { absent, clock, disk, kept, logged, server, sockets }
}
