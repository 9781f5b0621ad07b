import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Event, next, STATE, type State } from '../../src/core/state.ts'

const run = (events: readonly Event[], from: State = 'INTENT'): State => events.reduce(next, from)

describe('the life of a mapping', () => {
  it.each<[string, Event[], State]>([
    ['granted as wished', ['asking', 'granted'], 'ACTIVE'],
    ['refused', ['asking', 'refused'], 'GONE'],
    ['nothing could be written', ['refused'], 'GONE'],
    ['the SOAP deadline passed', ['asking', 'abandoned'], 'ABORTING'],
    ['and the carrier confirmed the delete', ['asking', 'abandoned', 'deleted'], 'GONE'],
    ['a probe that an AddPortMapping takes over', ['probing', 'asking', 'granted'], 'ACTIVE'],
    ['renewed', ['asking', 'granted', 'renewing', 'granted'], 'ACTIVE'],
    ['a renewal without an answer', ['asking', 'granted', 'renewing', 'silent'], 'ACTIVE'],
    ['a renewal refused', ['asking', 'granted', 'renewing', 'refused'], 'DEGRADED'],
    ['moved to a port it must not have', ['asking', 'granted', 'renewing', 'moved'], 'DEGRADED'],
    ['its lifetime over', ['asking', 'granted', 'renewing', 'silent', 'expired'], 'LAPSED'],
    ['refused while lapsed', ['asking', 'granted', 'expired', 'refused'], 'LAPSED'],
    ['the carrier lost its state', ['asking', 'granted', 'lost'], 'RECOVERING'],
    ['and made it anew', ['asking', 'granted', 'lost', 'granted'], 'ACTIVE'],
    ['deleted, and the carrier goes on for a while', ['asking', 'granted', 'ended', 'lingers'], 'QUARANTINE'],
    ['and then not', ['asking', 'granted', 'ended', 'lingers', 'expired'], 'GONE'],
    ['never confirmed', ['asking', 'granted', 'ended', 'expired'], 'GONE'],
    ['known from before a restart', ['resumed'], 'RECOVERING'],
    ['known from before a reboot', ['rebooted'], 'RESTORED'],
    ['a reboot, and the carrier gave the port away', ['rebooted', 'refused'], 'RESTORED'],
    ['a reboot, confirmed', ['rebooted', 'granted'], 'ACTIVE'],
  ])('%s', (_what, events, state) => {
    expect(run(events)).toBe(state)
  })

  const anyEvents = fc.array(
    fc.constantFrom<Event>(
      'asking',
      'probing',
      'granted',
      'moved',
      'refused',
      'renewing',
      'silent',
      'expired',
    ),
  )

  it('what was deleted never comes back, whatever is heard of it', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        expect(['DELETING', 'QUARANTINE', 'GONE']).toContain(run(events, 'DELETING'))
      }),
    )
  })

  it('nothing is shown that the router does not forward', () => {
    expect(Object.values(STATE).filter(({ nat, shown }) => shown && !nat)).toEqual([])
  })

  it('each state has a status of ietf-pcp-iwf', () => {
    const shown = Object.values(STATE).filter((state) => state.shown)
    expect(new Set(shown.map(({ status }) => status))).toEqual(new Set(['assigned', 'stale']))
  })
})
