import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HTTP_PORT } from '../support/daemon.ts'
import { client, useLab } from '../support/lab.ts'
import { ADDRESS } from '../support/topology.ts'
import { redirections } from '../support/upnpc.ts'

// A page that somebody on lan1 looks at, in a real browser: docs/attacks.md.

const PAGE = new URL('hostile.html', import.meta.url)
const ROUTER = `http://${ADDRESS.cpeLan}:${HTTP_PORT}`
const WEB_PORT = 8000
/** A name of the attacker's that leads to the router by now. */
const REBOUND = `http://evil.example:${HTTP_PORT}`
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // What the browser itself may forbid pages is not what is tried here.
  '--disable-features=LocalNetworkAccessChecks',
  `--host-resolver-rules=MAP evil.example ${ADDRESS.cpeLan}`,
]

const lab = useLab({ nat: 'nftables' })
let browser: Browser

/** Debian's Chromium, on lan1. */
async function launch(): Promise<Browser> {
  const script = join(lab().directory, 'chromium')
  const inside = lab().hosts.lan1.command(['chromium', '"$@"']).join(' ')
  await writeFile(script, `#!/bin/sh\nexec ${inside}\n`, { mode: 0o755 })
  return await chromium.launch({ executablePath: script, args: QUIET })
}

/** The hostile page is on a web server of lan2. */
async function serveThePage(): Promise<void> {
  const directory = join(lab().directory, 'www')
  await mkdir(directory)
  await copyFile(PAGE, join(directory, 'cats.html'))
  const server = ['/usr/bin/python3', '-u', '-m', 'http.server', String(WEB_PORT), '--directory', directory]
  await lab()
    .hosts.lan2.start(server)
    .line(/Serving HTTP/)
}

beforeAll(async () => {
  await serveThePage()
  browser = await launch()
})
afterAll(() => browser.close())

async function open(url: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(url)
  return page
}

const attemptsOf = async (page: Page): Promise<Readonly<Record<string, string>>> => {
  const names = await page.evaluate<string[]>('Object.keys(attempts)')
  const got: Record<string, string> = {}
  for (const name of names) got[name] = await page.evaluate<string>(`attempts[${JSON.stringify(name)}]()`)
  return got
}

/** Nothing is mapped, and the carrier was not asked for anything. */
async function expectUntouched(asked: number): Promise<void> {
  expect(redirections(await (await client(lab(), 'lan2'))('-l'))).toEqual([])
  expect(await lab().carrier.leases()).toEqual([])
  expect(await lab().carrier.pcpRequests()).toBe(asked)
}

/** How many requests the daemon refused for this reason. */
const refused = (why: string) => lab().daemon.said.filter((line) => line.includes(`why="${why}"`)).length

const query = (router: string) => `?router=${router}&victim=${ADDRESS.lan1}`

const SENT = 'sent, nothing read'

describe('a page of another site', () => {
  it('maps nothing, subscribes to nothing and reads nothing', async () => {
    const asked = await lab().carrier.pcpRequests()
    const page = await open(`http://${ADDRESS.lan2}:${WEB_PORT}/cats.html${query(ROUTER)}`)
    expect(await attemptsOf(page)).toEqual({
      'a form of text/plain': SENT,
      'a form of multipart/form-data': SENT,
      'fetch of text/plain without CORS': SENT,
      'fetch of text/plain': 'refused',
      'fetch with SOAPAction': 'refused',
      'a beacon': SENT,
      SUBSCRIBE: 'refused',
      UNSUBSCRIBE: 'refused',
      'fetch of the description': 'refused',
      'fetch of the status page': 'refused',
      'the stream of the status page': 'error',
      'a web socket': 'error',
      'an image of the icon': 'error',
      'an image of the description': 'error',
      'the script of the status page': 'error',
      'the description as a script': 'error',
      'the style of the status page': 'error',
    })
    await expectUntouched(asked)
    expect(refused('sent by a web page')).toBeGreaterThanOrEqual(9)
  })

  it('cannot frame the status page', async () => {
    const page = await open(`http://${ADDRESS.lan2}:${WEB_PORT}/cats.html${query(ROUTER)}`)
    await page.evaluate('frameThePage()')
    await expect.poll(() => page.frames().at(1)?.url()).toBe('chrome-error://chromewebdata/')
  })
})

describe('a page whose name leads to the router now', () => {
  it('maps nothing, subscribes to nothing and reads nothing, though it is of the same origin', async () => {
    const asked = await lab().carrier.pcpRequests()
    const page = await (await browser.newContext()).newPage()
    const html = await readFile(PAGE, 'utf8')
    await page.route(/cats/, (route) => route.fulfill({ contentType: 'text/html', body: html }))
    await page.goto(`${REBOUND}/cats.html${query(REBOUND)}`)
    const got = await attemptsOf(page)
    for (const [name, what] of Object.entries(got))
      expect(what, name).toMatch(/^(403 Forbidden\s*|Forbidden\s*|refused|error|sent, nothing read)$/)
    expect(got['fetch of the description']).toMatch(/^403 /)
    await expectUntouched(asked)
    expect(refused('Host is not this address')).toBeGreaterThanOrEqual(9)
  })
})

describe('the user', () => {
  it('sees the status page', async () => {
    const page = await open(ROUTER)
    await expect.poll(() => page.title()).toMatch(/^Port mapping/)
    expect(await page.evaluate('fetch("/page.css").then(({ status }) => status)')).toBe(200)
  })
})
