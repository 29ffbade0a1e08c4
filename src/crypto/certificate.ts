import { constants, X509Certificate } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'

export type Certificate = X509Certificate

/** The metadata that says whom a client's certificate must name (RFC 8705, 2.1.2). */
export const subjectFields = [
  'tls_client_auth_subject_dn',
  'tls_client_auth_san_dns',
  'tls_client_auth_san_uri',
  'tls_client_auth_san_ip',
  'tls_client_auth_san_email',
] as const
export type SubjectField = (typeof subjectFields)[number]

/** Reads every certificate of a PEM file. Throws where one cannot be read, or there is none. */
export function certificatesOf(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (!found) throw new TypeError('there is no certificate in it')
  return found.map(each => new X509Certificate(each))
}

/** Reads the certificate in a proxy's header: base64 of its DER, in colons (RFC 9440, 2.1) or bare, or PEM, as such or URL-encoded. Returns undefined for anything else. */
export function certificateIn(header: string): X509Certificate | undefined {
  try {
    const text = header.includes('%') ? decodeURIComponent(header) : header
    const base64 = text.replace(/-----(BEGIN|END) CERTIFICATE-----|^:|:$|\s/g, '')
    return /^[\w+/]+=*$/.test(base64) ? new X509Certificate(Buffer.from(base64, 'base64')) : undefined
  } catch {
    return undefined
  }
}

const clientAuth = '1.3.6.1.5.5.7.3.2'

/** Returns whether one of these authorities issued a certificate directly, for clients or for any use, and it is valid now (RFC 5280, 6.1, for paths of one). */
export function issuedBy(certificate: X509Certificate, authorities: readonly X509Certificate[], now: number): boolean {
  const valid = ({ validFromDate, validToDate }: X509Certificate) => +validFromDate <= now && now <= +validToDate
  const forClients = certificate.keyUsage === undefined || certificate.keyUsage.includes(clientAuth)
  const issued = (by: X509Certificate) => by.ca && certificate.checkIssued(by) && certificate.verify(by.publicKey)
  return forClients && valid(certificate) && authorities.some(each => valid(each) && issued(each))
}

/**
 * Returns whether a certificate names this subject. A distinguished name matches in any spelling that RFC 4514 allows; case counts, except
 * in types of attributes. Node reads the certificate: @peculiar/x509 takes 0.2 s to load, skips what it cannot read of a name, knows
 * neither UID nor STREET and no escapes by hex digits, so that reading names would be ours all the same.
 */
export function names(certificate: X509Certificate, field: SubjectField, expected: string): boolean {
  const plain = { subject: 'never', wildcards: false } as const
  switch (field) {
    case 'tls_client_auth_subject_dn':
      // Undefined where a certificate has no subject, whatever its type says.
      if (certificate.subject === undefined) return false
      return nameOf(certificate.subject.split('\n').reverse()) === nameOf(split(expected, ','))
    case 'tls_client_auth_san_dns':
      return certificate.checkHost(expected, plain) !== undefined
    case 'tls_client_auth_san_email':
      return certificate.checkEmail(expected, plain) !== undefined
    case 'tls_client_auth_san_ip':
      return certificate.checkIP(expected) !== undefined
    case 'tls_client_auth_san_uri':
      return uris(certificate.subjectAltName ?? '').includes(expected)
  }
}

/** Returns a name, the last part first, in a spelling of which each name has one: parts of several attributes are sorted, escapes undone. */
function nameOf(parts: readonly string[]): string {
  return JSON.stringify(parts.map(part => split(part, '+').map(attribute).sort()))
}

/** Splits text at a separator where it is not escaped (RFC 4514, 2.4). */
const split = (text: string, separator: ',' | '+'): string[] =>
  text.match(separator === ',' ? /(?:\\.|[^\\,])+/gs : /(?:\\.|[^\\+])+/gs) ?? []

function attribute(text: string): string {
  // Escaped spaces stay when others around a value are taken off.
  const [type = '', ...rest] = text.replace(/\\(.)/gs, (pair, char) => (char === ' ' ? '\\20' : pair)).split('=')
  const value = rest
    .join('=')
    .trim()
    .replace(/((?:\\[\dA-Fa-f]{2})+)|\\(.)/gs, (_, hex?: string, char = '') =>
      hex === undefined ? char : Buffer.from(hex.replaceAll('\\', ''), 'hex').toString(),
    )
  return `${type.trim().toUpperCase()}=${value}`
}

/** Returns the URIs among alternative names. Node quotes, as JSON does, a name that could be taken for several. */
function uris(names: string): string[] {
  const found = [...names.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)]
  return found.flatMap(([, kind, name = '']) =>
    kind === 'URI' ? [name.startsWith('"') ? JSON.parse(name) : name] : [],
  )
}

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

/** The TLS settings of our listeners (RFC 9325). Sessions are not resumed: no ticket key lives long enough to be worth stealing (3.4), and a new certificate counts at once. */
export const tlsPolicy: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  ciphers: suites.join(':'),
  honorCipherOrder: true,
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
}
