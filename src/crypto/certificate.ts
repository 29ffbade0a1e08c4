import { X509Certificate } from 'node:crypto'

export type Certificate = X509Certificate

/** What of its certificate a client can be registered by (RFC 8705, 2.1.2). */
export const subjectFields = [
  'tls_client_auth_subject_dn',
  'tls_client_auth_san_dns',
  'tls_client_auth_san_uri',
  'tls_client_auth_san_ip',
  'tls_client_auth_san_email',
] as const
export type SubjectField = (typeof subjectFields)[number]

/** Every certificate of a PEM file; throws where one is none, or there is none. */
export function certificatesOf(pem: string): X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (!found) throw new TypeError('there is no certificate in it')
  return found.map(each => new X509Certificate(each))
}

/** The certificate in a proxy's header: base64 of its DER, in colons (RFC 9440, 2.1) or bare, or PEM, as such or URL-encoded; undefined for what is none. */
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

/** Did one of these authorities issue it, itself, for clients or for anything, and does it hold now (RFC 5280, 6.1, for paths of one)? */
export function issuedBy(certificate: X509Certificate, authorities: readonly X509Certificate[], now: number): boolean {
  const holds = ({ validFromDate, validToDate }: X509Certificate) => +validFromDate <= now && now <= +validToDate
  const forClients = certificate.keyUsage === undefined || certificate.keyUsage.includes(clientAuth)
  const issued = (by: X509Certificate) => by.ca && certificate.checkIssued(by) && certificate.verify(by.publicKey)
  return forClients && holds(certificate) && authorities.some(each => holds(each) && issued(each))
}

/** Does it say this of its subject? A name is compared as RFC 4514 spells it, case and all but for attributes' types. */
export function says(certificate: X509Certificate, field: SubjectField, expected: string): boolean {
  const plain = { subject: 'never', wildcards: false } as const
  switch (field) {
    case 'tls_client_auth_subject_dn':
      return distinguished(certificate.subject.split('\n').reverse()) === distinguished(parted(expected))
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

/** Parts a distinguished name at the commas that are not escaped. */
const parted = (name: string): string[] => name.match(/(?:\\.|[^\\,])+/gs) ?? []

function distinguished(parts: readonly string[]): string {
  return parts.map(each => each.trim().replace(/^[^=]*/, type => type.trim().toUpperCase())).join(',')
}

/** Node quotes, as JSON does, a name that could be taken for several. */
function uris(names: string): string[] {
  const found = [...names.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)]
  return found.flatMap(([, kind, name = '']) =>
    kind === 'URI' ? [name.startsWith('"') ? JSON.parse(name) : name] : [],
  )
}
