import type { IgdVersion } from '../../src/core/types.ts'
import { ADD } from '../upnp/bench.ts'
import type { Arguments } from './soap-call.ts'

/** A call that is wrong, and its errorCode on :2 and on :1 (`reference`: UDA, WANIPConnection, RFC 6970 §4.1). */
export interface WrongCall {
  readonly action: string
  readonly args: Arguments
  readonly codes: Readonly<Record<IgdVersion, number>>
}

const wrongAdd = (changes: Arguments, second: number, first: number): WrongCall => ({
  action: 'AddPortMapping',
  args: { ...ADD, ...changes },
  codes: { 1: first, 2: second },
})

const without = (name: string): WrongCall => ({
  action: 'AddPortMapping',
  args: Object.fromEntries(Object.entries(ADD).filter(([key]) => key !== name)),
  codes: { 1: 402, 2: 402 },
})

const KEY = { NewRemoteHost: '', NewExternalPort: '8080', NewProtocol: 'TCP' }
const RANGE = { NewStartPort: '3000', NewEndPort: '2000', NewProtocol: 'TCP', NewManage: '0' }

export const WRONG: readonly WrongCall[] = [
  wrongAdd({ NewInternalClient: '' }, 715, 402),
  wrongAdd({ NewInternalClient: '', NewRemoteHost: 'example.com' }, 715, 402),
  wrongAdd({ NewInternalPort: '0' }, 732, 402),
  wrongAdd({ NewExternalPort: '0' }, 716, 716),
  wrongAdd({ NewExternalPort: '*' }, 716, 716),
  wrongAdd({ NewExternalPort: '70000' }, 402, 402),
  wrongAdd({ NewExternalPort: '-1' }, 402, 402),
  wrongAdd({ NewExternalPort: '80abc' }, 402, 402),
  wrongAdd({ NewProtocol: 'SCTP' }, 601, 402),
  wrongAdd({ NewProtocol: '' }, 601, 402),
  wrongAdd({ NewRemoteHost: 'example.com' }, 600, 402),
  wrongAdd({ NewInternalClient: 'nosuch.invalid' }, 600, 402),
  wrongAdd({ NewEnabled: '0' }, 501, 501),
  wrongAdd({ NewEnabled: 'maybe' }, 402, 402),
  wrongAdd({ NewLeaseDuration: '4294967296' }, 402, 402),
  wrongAdd({ NewInternalClient: '192.168.1.255' }, 606, 718),
  wrongAdd({ NewInternalClient: '8.8.8.8' }, 606, 718),
  wrongAdd({ NewInternalClient: '192.168.1.1' }, 606, 718),
  wrongAdd({ NewInternalPort: '1023' }, 606, 718),
  wrongAdd({ NewExternalPort: '1023' }, 606, 718),
  without('NewInternalClient'),
  without('NewLeaseDuration'),
  { action: 'NoSuchAction', args: {}, codes: { 1: 401, 2: 401 } },
  { action: 'DeletePortMapping', args: { ...KEY, NewProtocol: 'ICMP' }, codes: { 1: 402, 2: 601 } },
  { action: 'DeletePortMapping', args: { ...KEY, NewExternalPort: '0' }, codes: { 1: 714, 2: 714 } },
  { action: 'GetGenericPortMappingEntry', args: { NewPortMappingIndex: '60000' }, codes: { 1: 713, 2: 713 } },
  { action: 'GetGenericPortMappingEntry', args: { NewPortMappingIndex: '-1' }, codes: { 1: 402, 2: 402 } },
  { action: 'DeletePortMappingRange', args: RANGE, codes: { 1: 401, 2: 733 } },
  { action: 'GetListOfPortMappings', args: { ...RANGE, NewNumberOfPorts: '0' }, codes: { 1: 401, 2: 733 } },
  { action: 'SetConnectionType', args: { NewConnectionType: 'IP_Bridged' }, codes: { 1: 731, 2: 731 } },
  { action: 'RequestConnection', args: {}, codes: { 1: 501, 2: 606 } },
  { action: 'ForceTermination', args: {}, codes: { 1: 501, 2: 606 } },
]
