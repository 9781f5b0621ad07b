/** What must hold, by the name it has where it is broken. `docs/reliability.md` lists them. */
export const INVARIANTS = {
  // After every step.
  'one-owner': 'a port of the table has one owner',
  'one-entry': 'a port, protocol and remote host have one entry',
  'entry-asked': 'each entry is one that was asked for',
  'entry-over': 'nothing is shown that was deleted, refused, replaced or is over',
  'entry-client': 'an entry leads to the host it was made for',
  'entry-internal-port': 'an entry leads to the LAN port it was made for',
  'entry-external-port': 'an entry is at the port that its host was told',
  'entry-lease': 'no entry has longer to live than was asked',
  'promise-kept': 'what was answered 200 is there until it ends',
  'update-id-grows': 'SystemUpdateID grows with each change of the table',
  'update-id-durable': 'SystemUpdateID never goes back',
  'rule-wanted': 'the kernel forwards to nobody who did not ask, or asks no more',
  'rule-to-owner': 'what comes in at a port gets to the host that was promised it',
  'rule-in-block': 'the kernel forwards no WAN port outside the block',
  'rule-ends': 'the kernel forwards no longer than the carrier granted',
  bounded: 'timers are as few as mappings and calls',
  // Of each packet and each call.
  'packet-to-server': 'no packet to an address that nobody named as a PCP server',
  'packet-from-us': 'no packet from an address that is not ours',
  'packet-client-address': 'a request names the address it leaves from',
  deadline: 'every call is answered in 25 s',
  'at-once': 'what needs no carrier is answered at once',
  'add-answer': 'adds: 200, or the code the norms want, policy and quotas included',
  'add-port-free': 'AddAnyPortMapping gives no port that another host was promised',
  'add-quota': 'no host gets more entries than it may have',
  'delete-answer': 'DeletePortMapping: 200, or the code the norms want',
  'range-answer': 'DeletePortMappingRange: 200, or the code the norms want',
  'get-answer': 'GetSpecificPortMappingEntry: 200, or the code the norms want',
  'get-client': 'GetSpecificPortMappingEntry shows the host that owns the port',
  'walk-answer': 'each index below the number of entries has one, and none above',
  'list-answer': 'GetListOfPortMappings: 200, or 730 where the host has nothing',
  'list-complete': 'GetListOfPortMappings has all that the host was promised',
  'state-answer': 'actions that ask for a state are answered',
  'fault-code': 'a wrong call gets the code the norms want, in either version',
  'event-to-subscriber': 'an event goes to its subscriber',
  'event-in-time': 'no event after the end of a subscription',
  'event-key': 'SEQ counts the events of a subscription',
  'no-bug': 'nothing throws that is not caught',
  // At rest, when all trouble is over.
  starts: 'the daemon starts',
  settled: 'every mapping is confirmed by the carrier',
  'deletes-end': 'every delete is confirmed by the carrier',
  connected: 'ConnectionStatus is Connected',
  'carrier-same': 'the carrier holds what the table has, and nothing else',
  'nonce-known': 'the nonce of what the carrier holds is one that the daemon can make',
  'kernel-same': 'the kernel forwards what the table has, and nothing else',
  'journal-same': 'the journal has what the table has, and nothing else',
  'journal-whole': 'the journal is whole',
  'event-told': 'subscribers know the address, the status and the number of entries',
  'works-add': 'a new mapping can be made',
  'works-delete': 'a mapping can be deleted',
  'works-delete-upstream': 'and is gone at the carrier then',
} as const

export type Invariant = keyof typeof INVARIANTS

/** An invariant that did not hold, and how. */
export interface Wrong {
  readonly invariant: Invariant
  readonly what: string
}
