/** What the system calls the error, as `ENOENT`; undefined where it has no name. */
export const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined
