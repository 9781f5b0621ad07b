import * as v from 'valibot'

/** What a key says of itself. */
export interface About {
  readonly meaning: string
  /** Of a number. */
  readonly unit?: string
  /** Why the default is what it is, or what its absence means. */
  readonly why: string
  /** Does a running daemon take a change over (SIGHUP)? Else it waits for a restart. */
  readonly reload?: true
  /** The flag of `igd-pcp run` that sets the key, and how its help names the value. */
  readonly flag?: { readonly name: string; readonly value?: string }
}

/** A key of a section: its value, and what it says of itself. */
export const key = <S extends v.GenericSchema>(schema: S, about: About) =>
  v.pipe(schema, v.metadata({ about }))
