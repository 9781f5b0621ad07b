import type { LoadedIdentity } from './identity.ts'
import type { OpenStore } from './state-directory.ts'

/**
 * The store of an installation whose identity may not be on the disk yet: a record is kept when that is, for the nonces
 * of what it stands for are derived from the secret (RFC 6887 §11.2). What is dropped needs none.
 */
export const keepingIdentity = (store: OpenStore, identity: LoadedIdentity): OpenStore => ({
  saved: store.saved,
  get failure() {
    return store.failure
  },
  put: async (record) => {
    await Promise.all([identity.keep(), store.put(record)])
  },
  drop: (generation) => store.drop(generation),
  follow: (recorded) => store.follow(recorded),
  noteEpoch: (epoch) => store.noteEpoch(epoch),
  close: () => store.close(),
})
