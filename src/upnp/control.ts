import { Fault, type FaultCode, codeForVersion } from '../core/fault.ts'
import type { Caller, IgdVersion } from '../core/types.ts'
import type { Ipv4Address } from '../lib/ip.ts'
import type { Log } from '../lib/log.ts'
import type { Service, ServiceWorld } from './action.ts'
import { type SoapCall, parseCall, parseSoapAction, writeFault, writeResponse } from './soap.ts'
import { SERVICE_VERSION, serviceType } from './urn.ts'

/** A POST to a control URL. */
export interface ControlRequest {
  readonly facade: IgdVersion
  readonly service: Service
  readonly soapAction: string | undefined
  readonly body: string
  readonly peer: Ipv4Address
}

export interface ControlAnswer {
  readonly status: 200 | 500
  readonly body: string
}

const QUERY_TYPE = 'urn:schemas-upnp-org:control-1-0'

/**
 * Answers one SOAP call. The version of the service URN that was called decides which error codes come back, and
 * which actions there are (RFC 6970 §4.3); a fault's reason goes to the log and never out.
 */
export async function control(
  world: ServiceWorld,
  log: Log,
  request: ControlRequest,
): Promise<ControlAnswer> {
  const version = calledVersion(request)
  const caller = { address: request.peer, version }
  let action = 'unknown'
  try {
    const call = parseCall(request.body)
    action = namedAction(request, call)
    const body = await perform(world, request, { call, caller })
    log.debug({ peer: request.peer, action }, 'control')
    return { status: 200, body }
  } catch (error) {
    const code = codeForVersion(codeOf(error, log), version, action)
    const reason = error instanceof Fault ? error.reason : 'internal error'
    log.info({ peer: request.peer, action, code, reason }, 'control refused')
    return { status: 500, body: writeFault(code) }
  }
}

function codeOf(error: unknown, log: Log): FaultCode {
  if (error instanceof Fault) return error.code
  log.error(
    { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
    'a call failed',
  )
  return 501
}

/** The version in SOAPACTION where it names this service, else the facade's. Never more than we have. */
function calledVersion({ facade, service, soapAction }: ControlRequest): IgdVersion {
  const own = SERVICE_VERSION[service.name][facade]
  const called = parseSoapAction(soapAction)?.serviceType
  return own === 2 && called === serviceType(service.name, 1) ? 1 : own
}

/** Header and body must name one action of this service, or one of the two must be silent about it. */
function namedAction({ facade, service, soapAction }: ControlRequest, call: SoapCall): string {
  const header = parseSoapAction(soapAction)
  if (!header) return call.action
  const own = SERVICE_VERSION[service.name][facade]
  const types = [QUERY_TYPE, serviceType(service.name, 1), serviceType(service.name, own)]
  if (!types.includes(header.serviceType)) throw new Fault(401, 'SOAPACTION names another service')
  if (header.action !== call.action) throw new Fault(401, 'SOAPACTION and body name different actions')
  return call.action
}

async function perform(
  world: ServiceWorld,
  { service }: ControlRequest,
  { call, caller }: { readonly call: SoapCall; readonly caller: Caller },
): Promise<string> {
  if (call.action === 'QueryStateVariable') return query(world, service, call)
  const action = service.actions.get(call.action)
  if (!action) throw new Fault(401, 'this service has no such action')
  const result = await action(world, call.args, caller)
  return writeResponse(serviceType(service.name, caller.version), call.action, result)
}

/** UDA 1.0 §3.3: deprecated, and still what Windows asks ConnectionStatus with. */
function query(world: ServiceWorld, service: Service, { args }: SoapCall): string {
  const read = service.state.get(args.get('varName')?.trim() ?? '')
  if (!read) throw new Fault(404, 'this service has no such variable')
  return writeResponse(QUERY_TYPE, 'QueryStateVariable', { return: read(world) })
}
