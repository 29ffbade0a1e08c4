import { readFileSync } from 'node:fs'
import { type Config, ConfigError } from '../config.ts'
import { certificatesOf } from '../crypto/certificate.ts'
import type { Mtls } from '../oidc/mtls.ts'

/** Client certificates as they are configured, with the authorities of the file. Throws ConfigError where it cannot be used. */
export function mtls({ mtls }: Config): Mtls | undefined {
  if (!mtls) return undefined
  const { url, header, ca } = mtls
  try {
    return { url, header, authorities: ca === undefined ? [] : certificatesOf(readFileSync(ca, 'utf8')) }
  } catch (fault) {
    throw new ConfigError([`LATCHKEY_MTLS_CA cannot be used: ${(fault as Error).message}`])
  }
}
