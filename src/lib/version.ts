declare const __VERSION__: string | undefined

/** The version of the package, which the build puts in; a run from the sources has none. */
export const VERSION = typeof __VERSION__ === 'undefined' ? '0.0.0-dev' : __VERSION__
