import { readFileSync } from 'node:fs'
import { parseAccessRule } from '../../../src/config/access-rule.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { octets } from '../corpus.ts'
import type { Target } from '../harness.ts'

const EXAMPLE = readFileSync(new URL('../../../deploy/igd-pcp.toml', import.meta.url), 'utf8')

/** A configuration is taken or all that is wrong with it is said. */
export const config: Target = {
  name: 'config',
  corpus: octets(
    EXAMPLE,
    EXAMPLE.replaceAll(/^# ?/gm, ''),
    '[lan]\ninterfaces = ["br0"]\n[wan]\ninterface = "wan"\n[access]\nrules = ["allow 1024-65535 192.168.1.0/24 1024-65535"]\n',
  ),
  words: [
    '[lan]',
    '[[lan]]',
    '= true',
    '= nan',
    '= 1979-05-27T07:32:00Z',
    '"""',
    "'''",
    '__proto__ = 1',
    'a.b.c = {',
    '\\u0000',
    '#',
  ],
  open: () => ({
    take: (input) => {
      const text = Buffer.from(input).toString()
      const config = loadConfig({ file: { name: 'igd-pcp.toml', text }, environment: {}, flags: {} })
      if (!config.ok && config.why.length === 0) throw new Error('refused without a word')
    },
  }),
}

export const accessRule: Target = {
  name: 'access-rule',
  corpus: octets(
    'allow 1024-65535 192.168.1.0/24 1024-65535',
    'deny 0-65535 0.0.0.0/0 0-65535',
    'allow 80 10.0.0.7/32 8080',
  ),
  words: ['allow', 'deny', '0-65535', '/33', '0.0.0.0/0', '65536', '-'],
  open: () => ({
    take: (input) => {
      parseAccessRule(Buffer.from(input).toString('latin1'))
    },
  }),
}
