import fc from 'fast-check'
import { stringify } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { tomlLines } from '../../src/config/toml-lines.ts'

const DOCUMENT = `# The router in the hall.
lan = { interfaces = ["a", "b"] } # inline

[http] # a comment = with an equals sign
port = 5000

[access]
  rules = [ "one", # ]
    "two",

    # three is [not] here
    "four" ]
perHost=3
[igd]
friendlyName = """
[state]
dir = 'not a key'
"""
"model\\u004eame" = 'x'
uuid = ''
[a.b]
c.d = 1
[[list]]
x = 1
`

describe('lines of a TOML document', () => {
  it.each([
    ['lan', 2],
    ['lan.interfaces', 2],
    ['lan.interfaces.1', 2],
    ['http', 4],
    ['http.port', 5],
    ['access.rules', 8],
    ['access.rules.0', 8],
    ['access.rules.1', 9],
    ['access.rules.2', 12],
    ['access.perHost', 13],
    ['igd.friendlyName', 15],
    ['igd.modelName', 19],
    ['igd.uuid', 20],
    ['a.b.c.d', 22],
    ['list', 23],
    ['state', undefined],
    ['igd.dir', undefined],
  ])('%s stands in line %s', (name, line) => {
    expect(tomlLines(DOCUMENT).get(name)).toBe(line)
    expect(tomlLines(DOCUMENT.replaceAll('\n', '\r\n')).get(name)).toBe(line)
  })

  it('places every key of any document', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string()))
    const document = fc.dictionary(fc.string(), fc.dictionary(fc.string(), leaf))
    fc.assert(
      fc.property(document, (tables) => {
        const lines = tomlLines(stringify(tables))
        for (const [table, keys] of Object.entries(tables)) {
          for (const key of Object.keys(keys)) expect(lines.has(`${table}.${key}`)).toBe(true)
        }
      }),
    )
  })
})
