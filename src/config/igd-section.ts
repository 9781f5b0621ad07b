import * as v from 'valibot'
import { key } from './about.ts'
import { bitRate, httpUrl, label, oneOf, uuid } from './values.ts'

const DESCRIPTION = 'UPnP IGD to PCP interworking function (RFC 6970)'
const PROGRAM = 'The program, until somebody ships it in a device.'
const LEFT_OUT = 'Without it the element is left out.'
const UNNUMBERED = 'Without it the element is left out: a serial number tells the LAN more than it needs.'

/** An element of the device description. */
const described = <S extends v.GenericSchema>(element: string, schema: S, why: string) =>
  key(schema, { meaning: `${element} of the device description.`, why })

/** A state variable of WANCommonInterfaceConfig that says how fast the line is. */
const shown = (variable: string) =>
  key(v.optional(bitRate(), 1_000_000_000), {
    meaning: `${variable} as control points read it. Nothing is shaped.`,
    unit: 'bits per second',
    why: 'High enough that no control point slows itself down.',
    reload: true,
  })

/** What control points see of the gateway, and where the norms leave a choice. */
export const igd = v.strictObject({
  default: key(v.optional(oneOf([1, 2]), 1), {
    meaning: 'The device tree that is announced, and answers searches which name no version.',
    why: 'Old devices and consoles refuse IGD:2. A search for a :2 type always finds IGD:2.',
  }),
  zeroLease: key(v.optional(oneOf(['spec', 'static']), 'spec'), {
    meaning: 'Lease 0 on IGD:2: 604800 seconds as WANIPConnection:2 has it, or a mapping that never ends.',
    why: 'The standard.',
    reload: true,
  }),
  emptyClient: key(v.optional(oneOf(['refuse', 'caller']), 'refuse'), {
    meaning: 'An empty NewInternalClient: an error, or the address of the caller.',
    why: 'The standard.',
    reload: true,
  }),
  probe: key(v.optional(oneOf(['on', 'off']), 'on'), {
    meaning: 'Ask the carrier about a port that GetSpecificPortMappingEntry does not find here.',
    why: 'RFC 6970 §5.7 demands it.',
    reload: true,
  }),
  friendlyName: key(v.optional(label(63), 'Internet gateway'), {
    meaning: 'The name that control points show.',
    why: 'Says what it is.',
  }),
  manufacturer: described('manufacturer', v.optional(label(63), 'igd-pcp'), PROGRAM),
  manufacturerUrl: described('manufacturerURL', v.optional(httpUrl()), LEFT_OUT),
  modelName: described('modelName', v.optional(label(31), 'igd-pcp'), PROGRAM),
  modelDescription: described('modelDescription', v.optional(label(127), DESCRIPTION), 'Says what it is.'),
  modelNumber: described(
    'modelNumber',
    v.optional(label(31)),
    'Without it the version of igd-pcp stands there.',
  ),
  modelUrl: described('modelURL', v.optional(httpUrl()), LEFT_OUT),
  serialNumber: described('serialNumber', v.optional(label(63)), UNNUMBERED),
  uuid: key(v.optional(uuid()), {
    meaning: 'UUID of the root device.',
    why: 'Without it one is made at the first start and kept in state.dir.',
  }),
  upstreamBps: shown('Layer1UpstreamMaxBitRate'),
  downstreamBps: shown('Layer1DownstreamMaxBitRate'),
})
