import type { OptionName } from '../../core/ports.ts'
import type { Status } from '../../core/status.ts'
import type { Ability } from '../view.ts'

/** What the carrier can and cannot do, and what follows for the devices. */
export function abilitiesOf(status: Status): readonly Ability[] {
  return [opening(status), keeping(status), filtering(status), epoch(status)]
}

const OPENS: Readonly<Record<Status['connectionStatus'], Ability['has']>> = {
  Connected: 'yes',
  Connecting: 'not known',
  Disconnected: 'no',
}

const opening = ({ connectionStatus }: Status): Ability => ({
  name: 'Open ports',
  has: OPENS[connectionStatus],
  meaning: 'Then devices here can be reached from the Internet.',
})

const HAS = { supported: 'yes', refused: 'no', unknown: 'not known' } as const

/** NAT-PMP has no options. */
const has = ({ options, server }: Status, option: OptionName): Ability['has'] =>
  server?.protocol === 'NAT-PMP' ? 'no' : HAS[options[option]]

const KEEPING: Readonly<Record<Ability['has'], string>> = {
  yes: 'A device gets the port it wants, or hears that it is taken.',
  no: 'Another port than the wanted one is given back, and the device hears that it is taken.',
  'not known': 'Nothing says it cannot: a device gets the port it wants, or hears that it is taken.',
}

function keeping(status: Status): Ability {
  const can = has(status, 'PREFER_FAILURE')
  return { name: 'Give exactly the port that was asked for', has: can, meaning: KEEPING[can] }
}

const both = (meaning: string) => ({ nftables: meaning, none: meaning })

const FILTERING: Readonly<Record<Ability['has'], Readonly<Record<Status['nat']['mode'], string>>>> = {
  yes: both('What others send ends at the carrier already.'),
  no: {
    nftables: 'This router turns the others away itself.',
    none: 'Ports for certain hosts only are refused.',
  },
  'not known': both('Nothing says it cannot: then what others send ends at the carrier already.'),
}

function filtering(status: Status): Ability {
  const can = has(status, 'FILTER')
  return { name: 'Let in certain hosts only', has: can, meaning: FILTERING[can][status.nat.mode] }
}

const epoch = ({ server }: Status): Ability => ({
  name: 'Tell when it restarts',
  has: server === null || server.epoch === null ? 'not known' : 'yes',
  meaning: 'Then ports that it forgot are opened again at once.',
})
