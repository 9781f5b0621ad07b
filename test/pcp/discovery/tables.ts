// Rows as the kernel writes them.

const HEAD = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT'

/** Of /proc/net/route. */
export const route = (
  name: string,
  destination: string,
  gateway: string,
  flags = '0003',
  metric = 0,
  mask = '00000000',
) => [name, destination, gateway, flags, 0, 0, metric, mask, 0, 0, 0].join('\t')

export const table = (...routes: string[]) => [HEAD, ...routes, ''].join('\n')

/** Of /proc/net/ipv6_route: a default route, unless its prefix has another length. */
export const route6 = (
  name: string,
  gateway: string,
  flags = '00000003',
  metric = '00000400',
  length = '00',
) => {
  const any = '0'.repeat(32)
  return `${any} ${length} ${any} 00 ${gateway} ${metric} 00000001 00000000 ${flags} ${name.padStart(8)}`
}
