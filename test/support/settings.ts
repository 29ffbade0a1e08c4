import { expect } from 'chai'
import { ConfigError, configure } from '../../src/config.ts'

/** Returns every fault that reading these settings says; none where they are right. */
export function settingFaults(environment: Record<string, string>): readonly string[] {
  try {
    configure(environment)
    return []
  } catch (fault) {
    expect(fault).to.be.instanceOf(ConfigError)
    return (fault as ConfigError).faults
  }
}
