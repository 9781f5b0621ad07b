import { Fault } from '../../core/fault.ts'
import type { IgdVersion } from '../../core/types.ts'
import type { Action, Service, ServiceWorld } from '../action.ts'
import { text } from '../args.ts'

const SERVICE_ID = 'urn:upnp-org:serviceId:WANIPConn1'

/** `uuid:…:WANConnectionDevice:v,serviceId`: device, a comma, service. */
const connectionService = ({ connectionUdn }: ServiceWorld, version: IgdVersion): string =>
  `${connectionUdn}:WANConnectionDevice:${version},${SERVICE_ID}`

/** There is one connection service: to name it is fine, to name another is not. */
const set =
  (version: IgdVersion): Action =>
  (world, args) => {
    const wanted = text(args, 'NewDefaultConnectionService').trim()
    if (wanted === connectionService(world, version)) return {}
    const [device = '', service = ''] = wanted.split(',')
    if (!device.startsWith(world.connectionUdn)) throw new Fault(720, 'no such device')
    if (service !== SERVICE_ID) throw new Fault(721, 'no such service')
    throw new Fault(723, 'the device has no such service')
  }

const layer3Forwarding = (version: IgdVersion): Service => ({
  name: 'Layer3Forwarding',
  actions: new Map<string, Action>([
    ['SetDefaultConnectionService', set(version)],
    [
      'GetDefaultConnectionService',
      (world) => ({ NewDefaultConnectionService: connectionService(world, version) }),
    ],
  ]),
  state: new Map([['DefaultConnectionService', (world: ServiceWorld) => connectionService(world, version)]]),
})

export const layer3Forwarding1 = layer3Forwarding(1)
export const layer3Forwarding2 = layer3Forwarding(2)
