import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pageBench } from '../web/bench.ts'
import { BROKEN, WAITING, WORKS } from '../web/statuses.ts'

// The page in a real browser: Debian's Chromium, headless, on loopback. IGD_PCP_TEST_PICTURES=1 renews the pictures in
// docs/.

const PICTURES = process.env['IGD_PCP_TEST_PICTURES'] === '1'

const SCREENS = {
  desktop: { width: 1100, height: 800 },
  phone: { width: 390, height: 844 },
  'smallest phone': { width: 320, height: 568 },
} as const
/** Every screen and scheme with a full page; the others where they differ most. */
const LOOKS = [
  ['desktop', 'light', WORKS],
  ['desktop', 'dark', WORKS],
  ['phone', 'light', WORKS],
  ['phone', 'dark', WORKS],
  ['smallest phone', 'light', WORKS],
  ['smallest phone', 'dark', BROKEN],
  ['desktop', 'light', BROKEN],
  ['desktop', 'dark', WAITING],
] as const

let browser: Browser
let bench: ReturnType<typeof pageBench>
let url = ''

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
})
afterAll(() => browser.close())
beforeEach(async () => {
  bench = pageBench()
  url = await bench.app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await stopServer()
})

async function stopServer(): Promise<void> {
  bench.app.server.closeAllConnections()
  await bench.app.close()
}

/** The page, opened, and everything the browser complained about meanwhile. */
async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => void complaints.push(error.message))
  await page.goto(url)
  return { page, complaints }
}

describe('the status page in a browser', () => {
  it.each(LOOKS)('is accessible and fits a %s, %s', async (screen, colorScheme, status) => {
    bench.change(status)
    const viewport = SCREENS[screen]
    const { complaints, page } = await open({ viewport, colorScheme })
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate<AxeResults>('axe.run()')
    expect(violations.map(({ help, id, nodes }) => [id, help, ...nodes.map(({ html }) => html)])).toEqual([])
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(viewport.width)
    expect(complaints).toEqual([])
    if (PICTURES && status === WORKS && screen !== 'smallest phone')
      await picture(page, `${screen}-${colorScheme}`)
  })

  it('shows a change without being loaded again, and leaves alone what did not change', async () => {
    const { complaints, page } = await open()
    await expect.poll(() => bench.listeners.size).toBe(1)
    await page.evaluate('document.querySelector("#path h2").stays = true')
    bench.change({
      ...WORKS,
      health: { severity: 'warning', sentence: 'Port mapping works, but not always.' },
    })
    await bench.clock.advance(1000)
    await page.getByText('Port mapping works, but not always.').waitFor()
    expect(await page.evaluate('document.querySelector("#path h2").stays')).toBe(true)
    expect(complaints).toEqual([])
  })

  it('says so when the router does not answer any more', async () => {
    const { page } = await open()
    await expect.poll(() => bench.listeners.size).toBe(1)
    expect(await page.locator('#stale').isVisible()).toBe(false)
    await stopServer()
    await page.locator('#stale').waitFor({ state: 'visible' })
  })

  it('is complete without a script', async () => {
    const { page } = await open({ javaScriptEnabled: false })
    expect(await page.title()).toBe('Port mapping works')
    expect(await page.getByRole('row').count()).toBe(4)
    expect(bench.listeners.size).toBe(0)
  })

  it('reads as a table, in order, also where rows are cards', async () => {
    const { page } = await open({ viewport: SCREENS.phone })
    const tree = await page.getByRole('table').ariaSnapshot()
    expect(tree).toContain('columnheader "Host and port"')
    expect(tree).toMatch(/row "192\.168\.1\.23 UDP 3074 203\.0\.114\.1 UDP 3074 anybody Game console/)
  })

  it('runs nothing that a device called itself', async () => {
    const [first] = WORKS.mappings
    if (!first) throw new Error('no mapping')
    const description = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
    bench.change({
      ...WORKS,
      mappings: [{ ...first, entries: [{ remoteHost: '', description, lease: 60, leaseLeft: 30 }] }],
    })
    const { page } = await open()
    await page.getByText('<script>document.title=2</script>').waitFor()
    expect(await page.title()).toBe('Port mapping works')
  })
})

async function picture(page: Page, name: string): Promise<void> {
  const path = fileURLToPath(new URL(`../../docs/page-${name}.png`, import.meta.url))
  await writeFile(path, await page.screenshot({ fullPage: true }))
}
