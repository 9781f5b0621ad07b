/**
 * For fastify's `schemaController`: no route of ours has a JSON Schema, and the compilers for them are a third of what
 * fastify takes in memory. The build leaves them out, so each fastify must be given this.
 */
export const NO_SCHEMAS = { compilersFactory: { buildValidator: never, buildSerializer: never } }

function never(): never {
  throw new Error('no route has a JSON Schema')
}
