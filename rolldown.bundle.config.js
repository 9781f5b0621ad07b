import config from './rolldown.config.js'

/** The whole program as one file, for routers and images: it needs Node and nothing beside it. */
export default {
  ...config,
  output: {
    file: 'bundle/igd-pcp.mjs',
    format: 'esm',
    codeSplitting: false,
    minify: config.output.minify,
  },
}
