import { hold, letGo } from '../lib/held-socket.ts'

// Two daemons that write one table take each other's mappings out of it. A table belongs to a network namespace, and so
// does a name without a file: whatever else two daemons share or not, here they meet.

const NAME = '\0igd-pcp table'

/** Takes the table for one daemon, until disposed. Undefined while another one has it. */
export type ClaimTable = () => Promise<AsyncDisposable | undefined>

export const claimTable: ClaimTable = async () => {
  const held = await hold(NAME)
  return held && { [Symbol.asyncDispose]: () => letGo([held]) }
}
