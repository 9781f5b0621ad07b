/** The BOOTID.UPNP.ORG after `last`: a 31-bit number that grows with every start and every LAN (UDA 1.1 §1.2.2). */
export const nextBootId = (last: number): number => (last + 1) % 2 ** 31
