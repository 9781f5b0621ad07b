import * as v from 'valibot'
import { key } from './about.ts'
import { bitRate, httpUrl, label, oneOf, uuid } from './values.ts'

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
  manufacturer: key(v.optional(label(63), 'igd-pcp'), {
    meaning: 'manufacturer of the device description.',
    why: 'The program, until somebody ships it in a device.',
  }),
  manufacturerUrl: key(v.optional(httpUrl()), {
    meaning: 'manufacturerURL of the device description.',
    why: 'Without it the element is left out.',
  }),
  modelName: key(v.optional(label(31), 'igd-pcp'), {
    meaning: 'modelName of the device description.',
    why: 'The program, until somebody ships it in a device.',
  }),
  modelDescription: key(v.optional(label(127), 'UPnP IGD to PCP interworking function (RFC 6970)'), {
    meaning: 'modelDescription of the device description.',
    why: 'Says what it is.',
  }),
  modelNumber: key(v.optional(label(31)), {
    meaning: 'modelNumber of the device description.',
    why: 'Without it the version of igd-pcp stands there.',
  }),
  modelUrl: key(v.optional(httpUrl()), {
    meaning: 'modelURL of the device description.',
    why: 'Without it the element is left out.',
  }),
  serialNumber: key(v.optional(label(63)), {
    meaning: 'serialNumber of the device description.',
    why: 'Without it the element is left out: a serial number tells the LAN more than it needs.',
  }),
  uuid: key(v.optional(uuid()), {
    meaning: 'UUID of the root device.',
    why: 'Without it one is made at the first start and kept in state.dir.',
  }),
  upstreamBps: key(v.optional(bitRate(), 1_000_000_000), {
    meaning: 'Layer1UpstreamMaxBitRate as control points read it. Nothing is shaped.',
    unit: 'bits per second',
    why: 'High enough that no control point slows itself down.',
    reload: true,
  }),
  downstreamBps: key(v.optional(bitRate(), 1_000_000_000), {
    meaning: 'Layer1DownstreamMaxBitRate as control points read it. Nothing is shaped.',
    unit: 'bits per second',
    why: 'High enough that no control point slows itself down.',
    reload: true,
  }),
})
