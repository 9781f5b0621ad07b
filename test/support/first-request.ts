import type { MapRequest } from '../../src/core/ports.ts'
import { port, seconds } from '../../src/lib/units.ts'

/** What AddPortMapping asks of the carrier for port 8080. */
export const FIRST_REQUEST: MapRequest = {
  protocol: 'TCP',
  internalAddress: undefined,
  internalPort: port(50_000),
  generation: 0,
  suggestedPort: port(8080),
  suggestedAddress: undefined,
  lifetime: seconds(3600),
  preferFailure: true,
  remotePeers: undefined,
  description: '',
  sending: 'until-answered',
  renews: false,
}
