import type { Target } from './harness.ts'
import { accessRule, config } from './targets/config.ts'
import { gena, http } from './targets/http.ts'
import { journal } from './targets/journal.ts'
import { leases } from './targets/leases.ts'
import { dhcp, natPmp, pcpRequest, pcpResponse } from './targets/octets.ts'
import { soap, xml } from './targets/soap.ts'
import { ssdp } from './targets/ssdp.ts'

/** All that reads what others wrote. */
export const TARGETS: readonly Target[] = [
  ssdp,
  http,
  gena,
  soap,
  xml,
  pcpRequest,
  pcpResponse,
  natPmp,
  dhcp,
  leases,
  config,
  accessRule,
  journal,
]
