/** Imports point inwards (ARCHITECTURE.md). One rule a folder: what it may see of src. */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^src/', pathNot: `^src/(${to})` },
})

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('lib-is-a-leaf', '^src/lib/', 'lib/'),
    only('wire-is-pure', '^src/pcp/wire/', 'pcp/wire/|lib/'),
    only('pcp-knows-only-the-ports', '^src/pcp/(?!wire/)', 'pcp/|lib/|core/(place|ports|types)'),
    only('core-sees-pure-code', '^src/core/', 'core/|lib/|pcp/wire/'),
    only('front-talks-to-core', '^src/upnp/', 'core/|lib/|upnp/'),
    only('page-talks-to-core', '^src/web/', 'core/|lib/|web/'),
    only('nat-fits-the-ports', '^src/nat/', 'core/(ports|types)|lib/|nat/'),
    only('server-is-apart', '^src/pcp-server/', 'pcp/wire/|lib/|pcp-server/'),
    only('store-fits-the-ports', '^src/store/', 'core/(place|ports|record|types)|lib/|store/'),
    only('lan-is-apart', '^src/lan/', 'lan/|lib/'),
    only(
      'metrics-fit-the-ports',
      '^src/metrics/',
      'core/(ports|status|types)|lib/|metrics/|pcp/(socket|wire)',
    ),
    only('control-talks-to-core', '^src/control/', 'control/|core/|lib/'),
    only('demo-is-apart', '^src/demo/', 'demo/|lib/|pcp/wire/'),
    only('probe-speaks-pcp', '^src/probe/', 'probe/|pcp/|lib/|core/(ports|types)'),
    only('log-is-apart', '^src/log/', 'lib/|log/'),
    only('config-is-apart', '^src/config/', 'config/|lib/'),
    {
      name: 'no-io-in-pure-code',
      severity: 'error',
      from: { path: '^src/(core|pcp/wire)/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    {
      name: 'no-dns',
      severity: 'error',
      from: {},
      to: { path: '^dns(/|$)', dependencyTypes: ['core'] },
    },
    {
      name: 'metrics-are-loaded-late',
      comment: 'What only a daemon with metrics needs costs the others nothing at the start.',
      severity: 'error',
      from: {},
      to: {
        path: '^src/metrics/prometheus',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'one-loads-prom-client',
      severity: 'error',
      from: { pathNot: '^src/metrics/prometheus' },
      to: { path: 'prom-client' },
    },
    {
      name: 'nobody-imports-the-top',
      severity: 'error',
      from: { pathNot: '^src/(cli|main|front|interworking|carrier|network|overview|commands/)' },
      to: { path: '^src/(cli|main|front|interworking|carrier|network|overview|commands/)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
}
