import { DESCRIPTION_PATH } from '../description.ts'

/** Microsoft's control points, Xbox among them, refuse a :2 tree; so they get the :1 tree at its place too. */
const wantsVersion1 = (userAgent: string | undefined): boolean =>
  userAgent !== undefined && /microsoft|fdssdp/i.test(userAgent)

const LOWERED: ReadonlyMap<string, string> = new Map([
  [DESCRIPTION_PATH[2], DESCRIPTION_PATH[1]],
  ['/wan-ip-connection-2.xml', '/wan-ip-connection-1.xml'],
])

/** The document that a control point gets for the one it asks for. */
export const servedPath = (path: string, userAgent: string | undefined): string =>
  wantsVersion1(userAgent) ? (LOWERED.get(path) ?? path) : path
