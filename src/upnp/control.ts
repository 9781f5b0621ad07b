import { ArgumentFault, Fault, type FaultCode, codeForVersion } from '../core/fault.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import { millis } from '../lib/units.ts'
import type { Service, ServiceWorld } from './action.ts'
import type { ServiceVersions } from './facade.ts'
import {
  type Result,
  type SoapAction,
  type SoapCall,
  parseCall,
  parseSoapAction,
  writeFault,
  writeResponse,
} from './soap.ts'
import { CONTROL_TYPE, serviceType } from './urn.ts'

/** A POST to a control URL. */
export interface ControlRequest {
  /** What this control URL speaks. */
  readonly services: ServiceVersions
  readonly soapAction: string | undefined
  readonly body: Uint8Array
  readonly peer: Ipv4Address
}

export interface ControlAnswer {
  readonly status: 200 | 500
  readonly body: string
}

/** What a call turned out to be, as far as it was understood before it ended. */
interface Called {
  service: Service
  action: string
}

/** No action has a longer name; what has is not worth a longer line. */
const LOGGED_NAME = 64

/** Whoever asks for a port that it does not get is to be found in the log; what the core refuses, the core tells. */
const ADDS: ReadonlySet<string> = new Set(['AddPortMapping', 'AddAnyPortMapping'])

/**
 * Answers one SOAP call. The version of the called service's URN decides which actions there are and which error
 * codes come back (RFC 6970 §4.3); a fault's reason goes to the log and never out.
 */
export async function control(
  world: ServiceWorld,
  log: Log,
  request: ControlRequest,
): Promise<ControlAnswer> {
  const began = world.now()
  const took = () => millis(world.now() - began)
  const called: Called = { service: request.services[0], action: '' }
  const { peer } = request
  try {
    const body = await answer(world, request, called)
    const { action } = called
    log.debug({ host: peer, action }, 'control: done')
    world.answered(action, 200, took())
    return { status: 200, body }
  } catch (error) {
    const code = codeForVersion(codeOf(error, log), called.service.version, called.action)
    const reason = error instanceof Fault ? error.reason : 'internal error'
    const action = called.action.slice(0, LOGGED_NAME)
    const fields = { host: peer, action, error: code, why: reason }
    if (error instanceof ArgumentFault && ADDS.has(action))
      log.info(fields, 'a request for a port makes no sense')
    else log.debug(fields, 'control: refused')
    world.answered(called.service.actions.has(called.action) ? called.action : '', code, took())
    return { status: 500, body: writeFault(code) }
  }
}

function codeOf(error: unknown, log: Log): FaultCode {
  if (error instanceof Fault) return error.code
  const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
  log.error({ error: cause }, 'control: a call failed, which is a bug; the control point got 501')
  return 501
}

/** Notes in `called` what it finds out, so that a fault on the way is answered and logged as this call's. */
async function answer(world: ServiceWorld, request: ControlRequest, called: Called): Promise<string> {
  const call = parseCall(request.body)
  called.action = call.action
  const header = parseSoapAction(request.soapAction)
  called.service = calledService(request.services, call, header)
  const { action, service } = called
  if (action === 'QueryStateVariable') return writeResponse(CONTROL_TYPE, action, query(world, service, call))
  const run = service.actions.get(action)
  if (!run) throw new Fault(401, 'this version of the service has no such action')
  const result = await run(world, call.args, { address: request.peer, version: service.version })
  return writeResponse(serviceType(service.name, service.version), action, result)
}

/**
 * The namespace in the body decides which version is called, and SOAPACTION only where it declares none. With
 * neither, it is the version of the description. Faults: 401 when either of them names what is not here.
 */
function calledService(services: ServiceVersions, call: SoapCall, header: SoapAction | undefined): Service {
  if (header && header.action !== call.action) throw new Fault(401, 'SOAPACTION names another action')
  const named = [header?.serviceType, call.serviceType].map((type) => serviceNamed(services, type))
  return named[1] ?? named[0] ?? services[0]
}

/** Undefined for no type at all. */
function serviceNamed(services: ServiceVersions, type: string | undefined): Service | undefined {
  if (type === undefined) return undefined
  if (type === CONTROL_TYPE) return services[0]
  const named = services.find(({ name, version }) => serviceType(name, version) === type)
  if (!named) throw new Fault(401, 'the call names a service or version that this URL has not')
  return named
}

/** UDA 1.0 §3.3: deprecated, and still what Windows asks ConnectionStatus with. */
function query(world: ServiceWorld, service: Service, { args }: SoapCall): Result {
  const read = service.state.get(args.get('varName')?.trim() ?? '')
  if (!read) throw new Fault(404, 'this service has no such variable')
  return { return: read(world) }
}
