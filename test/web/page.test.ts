import { fastify } from 'fastify'
import { describe, expect, it } from 'vitest'
import { statusPage } from '../../src/web/routes.ts'
import { HOST, OTHER, add, caller, coreBench } from '../support/core-bench.ts'

const page = async (bench: ReturnType<typeof coreBench>, remoteAddress: string = HOST) => {
  const app = fastify()
  statusPage(bench.iwf)(app)
  return await app.inject({ url: '/', remoteAddress })
}

describe('the status page', () => {
  it('shows a host its own entries, escaped, and nobody else’s', async () => {
    const bench = coreBench()
    await bench.answered(
      bench.iwf.addPortMapping(add({ description: '<script>alert(1)</script>' }), caller()),
    )
    const own = await page(bench)
    expect(own.body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(own.body).toContain(`${HOST}:8080`)
    expect((await page(bench, OTHER)).body).not.toContain(HOST)
  })

  it.each([
    ['Connecting', false],
    ['Connected', true],
  ])('says %s in words', async (status, started) => {
    const bench = coreBench()
    if (started) void bench.start()
    await bench.clock.advance(100)
    const { body } = await page(bench)
    expect(body).toContain(`class="status ${status.toLowerCase()}"`)
    expect(body.includes('203.0.114.1')).toBe(started)
  })

  it('lets nothing load but its own style', async () => {
    const { headers } = await page(coreBench())
    expect(headers['content-security-policy']).toContain("default-src 'none'")
  })
})
