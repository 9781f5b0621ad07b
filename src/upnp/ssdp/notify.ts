import {
  type Facts,
  MAX_AGE,
  type MessageSet,
  SSDP_GROUP,
  SSDP_PORT,
  bootAndConfig,
  locationOf,
  networkLocationSignature,
} from './message.ts'
import type { Tree } from './tree.ts'

// The NOTIFY sets: one message for each thing the tree has.

/** UDA 1.1 §1.2.2: the device is here. */
export const aliveSet = (tree: Tree, facts: Facts): MessageSet =>
  notifySet(tree, 'ssdp:alive', {
    'CACHE-CONTROL': `max-age=${MAX_AGE}`,
    LOCATION: locationOf(tree, facts),
    SERVER: facts.serverHeader,
    ...networkLocationSignature(facts),
    ...bootAndConfig(facts),
  })

/** UDA 1.1 §1.2.3: the device leaves. */
export const byebyeSet = (tree: Tree, facts: Facts): MessageSet =>
  notifySet(tree, 'ssdp:byebye', bootAndConfig(facts))

/** UDA 1.1 §1.2.4: the device stays, but its BOOTID is about to become `nextBootId`. */
export const updateSet = (tree: Tree, facts: Facts, nextBootId: number): MessageSet =>
  notifySet(tree, 'ssdp:update', {
    LOCATION: locationOf(tree, facts),
    ...bootAndConfig(facts),
    'NEXTBOOTID.UPNP.ORG': String(nextBootId),
  })

const notifySet = (tree: Tree, nts: string, headers: Record<string, string>): MessageSet =>
  tree.advertised.map(({ nt, usn }) => ({
    method: 'NOTIFY',
    headers: { HOST: `${SSDP_GROUP}:${SSDP_PORT}`, NT: nt, NTS: nts, USN: usn, ...headers },
  }))
