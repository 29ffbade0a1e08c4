import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

const suites = [
  // TLS 1.3 (RFC 8446, B.4).
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  // TLS 1.2: those that RFC 9325, 4.2, recommends, and FAPI 2.0 with it.
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
]

/** What TLS is spoken like (RFC 9325). Nothing is resumed: no ticket key lives long enough to be worth stealing (3.4), and a new certificate counts at once. */
export const tlsPolicy: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  ciphers: suites.join(':'),
  honorCipherOrder: true,
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
}
