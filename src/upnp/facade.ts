import type { IgdVersion } from '../core/types.ts'
import type { Service } from './action.ts'
import { layer3Forwarding1, layer3Forwarding2 } from './services/layer3-forwarding.ts'
import { wanCommonInterfaceConfig } from './services/wan-common-interface-config.ts'
import { wanIpConnection1, wanIpConnection2 } from './services/wan-ip-connection.ts'

/** The services of each facade, by the last part of their control path in descriptors/. */
export const FACADE: Readonly<Record<IgdVersion, Readonly<Record<string, Service>>>> = {
  1: {
    'layer3-forwarding': layer3Forwarding1,
    'wan-common-interface-config': wanCommonInterfaceConfig,
    'wan-ip-connection': wanIpConnection1,
  },
  2: {
    'layer3-forwarding': layer3Forwarding2,
    'wan-common-interface-config': wanCommonInterfaceConfig,
    'wan-ip-connection': wanIpConnection2,
  },
}
