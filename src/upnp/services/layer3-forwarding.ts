import { Fault } from '../../core/fault.ts'
import type { IgdVersion } from '../../core/types.ts'
import type { Action, Service, ServiceWorld } from '../action.ts'
import { text } from '../args.ts'

const SERVICE_ID = 'urn:upnp-org:serviceId:WANIPConn1'

/** `uuid:…:WANConnectionDevice:v,serviceId`: device, a comma, service. */
const connectionService = ({ connectionUdn }: ServiceWorld, facade: IgdVersion): string =>
  `${connectionUdn}:WANConnectionDevice:${facade},${SERVICE_ID}`

/** There is one connection service: to name it is fine, to name another is not. */
const set =
  (facade: IgdVersion): Action =>
  (world, args) => {
    const wanted = text(args, 'NewDefaultConnectionService').trim()
    if (wanted === connectionService(world, facade)) return {}
    const [device = '', service = ''] = wanted.split(',')
    if (!device.startsWith(world.connectionUdn)) throw new Fault(720, 'no such device')
    if (service !== SERVICE_ID) throw new Fault(721, 'no such service')
    throw new Fault(723, 'the device has no such service')
  }

/** The connection service is of the version of the facade, Layer3Forwarding itself is :1 in both. */
export const layer3Forwarding = (facade: IgdVersion): Service => ({
  name: 'Layer3Forwarding',
  version: 1,
  actions: new Map<string, Action>([
    ['SetDefaultConnectionService', set(facade)],
    [
      'GetDefaultConnectionService',
      (world) => ({ NewDefaultConnectionService: connectionService(world, facade) }),
    ],
  ]),
  state: new Map([['DefaultConnectionService', (world: ServiceWorld) => connectionService(world, facade)]]),
})
