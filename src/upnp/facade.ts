import type { IgdVersion } from '../core/types.ts'
import type { Service } from './action.ts'
import { layer3Forwarding } from './services/layer3-forwarding.ts'
import { wanCommonInterfaceConfig } from './services/wan-common-interface-config.ts'
import { wanIpConnection1, wanIpConnection2 } from './services/wan-ip-connection.ts'

/** What a control path speaks: the version its description declares first, then the older ones it stands for. */
export type ServiceVersions = readonly [Service, ...Service[]]

/** The services of each facade, by the last part of their control path in descriptors/. */
export const FACADE: Readonly<Record<IgdVersion, Readonly<Record<string, ServiceVersions>>>> = {
  1: {
    'layer3-forwarding': [layer3Forwarding(1)],
    'wan-common-interface-config': [wanCommonInterfaceConfig],
    'wan-ip-connection': [wanIpConnection1],
  },
  2: {
    'layer3-forwarding': [layer3Forwarding(2)],
    'wan-common-interface-config': [wanCommonInterfaceConfig],
    'wan-ip-connection': [wanIpConnection2, wanIpConnection1],
  },
}
