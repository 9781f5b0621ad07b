import { setTimeout as pause } from 'node:timers/promises'
import type { Ipv4Address } from '../lib/ip.ts'
import { type SoapAnswer, call, discover, findService } from './control-point.ts'
import { heading, sideBySide } from './narrator.ts'

// What the demo's control point does, and what it says about it.

export interface Scene {
  /** The LAN host the control point runs on. */
  readonly host: Ipv4Address
  /** The router's address on that LAN. */
  readonly router: Ipv4Address
  readonly httpPort: number
  /** Takes the lines of the PCP messages seen since the last call. */
  readonly heardOnWan: () => string[]
  readonly print: (text: string) => void
}

interface Step {
  readonly title: string
  readonly action: string
  readonly args: Readonly<Record<string, string | number>>
}

const PORT = 8080
const KEY = { NewRemoteHost: '', NewExternalPort: PORT, NewProtocol: 'TCP' }

const steps = (host: Ipv4Address): readonly Step[] => [
  { title: '4. Which address does the Internet see?', action: 'GetExternalIPAddress', args: {} },
  {
    title: `5. Make ${host}:${PORT} reachable from the Internet`,
    action: 'AddPortMapping',
    args: {
      ...KEY,
      NewInternalPort: PORT,
      NewInternalClient: host,
      NewEnabled: 1,
      NewPortMappingDescription: 'demo',
      NewLeaseDuration: 3600,
    },
  },
  {
    title: '6. What is mapped? (answered by the router alone)',
    action: 'GetGenericPortMappingEntry',
    args: { NewPortMappingIndex: 0 },
  },
  { title: '7. Close the port again', action: 'DeletePortMapping', args: KEY },
]

/** An answer to the carrier may be a moment behind the answer to the LAN. */
const SETTLE = 30
const START = 300

/** Rejects when a step does not end as it must. */
export async function play(scene: Scene): Promise<void> {
  const { host, httpPort, print, router } = scene
  await pause(START)
  print(heading('1. The router starts: with a short mapping it learns its address, and gives it back'))
  print(sideBySide([], scene.heardOnWan()))
  print(heading('2. Look for a gateway (SSDP)'))
  const location = await discover(host, 1, `${router}:${httpPort}`)
  print(
    sideBySide(
      ['M-SEARCH …InternetGatewayDevice:1', '200 OK', `  LOCATION ${location.href}`],
      scene.heardOnWan(),
    ),
  )
  print(heading('3. Read its description (HTTP)'))
  const service = await findService(location, host)
  print(
    sideBySide(
      [`GET ${location.pathname}`, '200 OK', `  ${service.type}`, `  ${service.control.pathname}`],
      [],
    ),
  )
  for (const { title, action, args } of steps(host)) {
    print(heading(title))
    const answer = await call({ ...service, from: host, action, args })
    await pause(SETTLE)
    print(sideBySide([...asked(action, args), ...answered(answer)], scene.heardOnWan()))
    if (answer.status !== 200) throw new Error(`${action} failed`)
  }
}

const asked = (action: string, args: Step['args']): string[] => [
  action,
  ...Object.entries(args).map(([name, value]) => `  ${name} ${value}`),
]

const answered = ({ args, status }: SoapAnswer): string[] => [
  status === 200 ? '200 OK' : `${status} fault`,
  ...[...args].filter(([name]) => !name.endsWith('Response')).map(([name, value]) => `  ${name} ${value}`),
]
