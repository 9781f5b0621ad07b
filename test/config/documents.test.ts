import { describe, expect, it } from 'vitest'
import { configurationPage, jsonSchema } from '../../src/config/documents.ts'
import { KEYS } from '../../src/config/keys.ts'

// "npm run docs" writes both anew.

describe('what is written about the configuration is up to date', () => {
  it('docs/configuration.md', async () => {
    await expect(configurationPage()).toMatchFileSnapshot('../../docs/configuration.md')
  })

  it('docs/config.schema.json', async () => {
    await expect(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`).toMatchFileSnapshot(
      '../../docs/config.schema.json',
    )
  })

  it('every key has a place in both', () => {
    const page = configurationPage()
    const { properties } = jsonSchema() as { properties: Record<string, { properties: object }> }
    for (const { leaf, name, section } of KEYS) {
      expect(page).toContain(`### ${name}\n`)
      expect(Object.keys(properties[section]?.properties ?? {})).toContain(leaf)
    }
  })

  it('says of a number what it may be', () => {
    const schema = jsonSchema()
    expect(schema).toMatchObject({
      properties: {
        http: { properties: { port: { type: 'integer', minimum: 1, maximum: 65_535, default: 5000 } } },
        nat: { properties: { mode: { enum: ['nftables', 'none'], default: 'nftables' } } },
        access: { properties: { rules: { type: 'array', items: { type: 'string' }, default: [] } } },
        pcp: { properties: { releaseOnExit: { type: 'boolean', default: false } } },
      },
    })
  })
})
