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

function keeping({ options, server }: Status): Ability {
  const name = 'Give exactly the port that was asked for'
  if (server?.protocol !== 'NAT-PMP' && options.PREFER_FAILURE !== 'refused')
    return {
      name,
      has: 'not known',
      meaning: 'Nothing says it cannot: a device gets the port it wants, or hears that it is taken.',
    }
  return {
    name,
    has: 'no',
    meaning: 'Another port than the wanted one is given back, and the device hears that it is taken.',
  }
}

function filtering({ nat, options, server }: Status): Ability {
  const name = 'Let in certain hosts only'
  if (server?.protocol !== 'NAT-PMP' && options.FILTER !== 'refused')
    return {
      name,
      has: 'not known',
      meaning: 'Nothing says it cannot: then what others send ends at the carrier already.',
    }
  const meaning =
    nat.mode === 'nftables'
      ? 'This router turns the others away itself.'
      : 'Ports for certain hosts only are refused.'
  return { name, has: 'no', meaning }
}

const epoch = ({ server }: Status): Ability => ({
  name: 'Tell when it restarts',
  has: server === null || server.epoch === null ? 'not known' : 'yes',
  meaning: 'Then ports that it forgot are opened again at once.',
})
