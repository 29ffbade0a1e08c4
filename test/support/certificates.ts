import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import * as x509 from '@peculiar/x509'

/** A certificate and its key, as PEM files hold them. */
export interface Pair {
  cert: string
  key: string
  /** The certificate as JSON Web Keys and headers have it (x5c): base64 of its DER. */
  der: string
  /** Its public key as a JSON Web Key that carries it. */
  jwk: Record<string, unknown>
}

export interface Authority extends Pair {
  /** Issues a certificate for a distinguished name. */
  issue(name: string, more?: Wanted): Promise<Pair>
}

interface Wanted {
  /** Subject alternative names; `localhost` and its addresses unless told. */
  names?: { type: 'dns' | 'ip' | 'url' | 'email'; value: string }[]
  /** What it is for; anything unless told. */
  use?: 'server' | 'client'
  notBefore?: Date
  notAfter?: Date
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const here = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
  { type: 'ip', value: '::1' },
] as const
const uses = { server: x509.ExtendedKeyUsage.serverAuth, client: x509.ExtendedKeyUsage.clientAuth }
const hour = 3_600_000

const makeKeys = () =>
  crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>

async function paired(
  certificate: x509.X509Certificate,
  { privateKey, publicKey }: webcrypto.CryptoKeyPair,
): Promise<Pair> {
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey))
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey)
  const der = Buffer.from(certificate.rawData).toString('base64')
  const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`
  return { cert: certificate.toString('pem'), key, der, jwk: { kty, crv, x, y, x5c: [der] } }
}

/** A certificate that vouches for itself. */
export async function selfSigned(name = 'CN=alone'): Promise<Pair> {
  const keys = await makeKeys()
  return paired(await x509.X509CertificateGenerator.createSelfSigned({ name, keys, signingAlgorithm: algorithm }), keys)
}

/** An authority that issues certificates. */
export async function authority(name = 'CN=Authority of a test'): Promise<Authority> {
  const keys = await makeKeys()
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  })
  return {
    ...(await paired(own, keys)),
    issue: async (subject, { names = [...here], use, notBefore, notAfter } = {}) => {
      const made = await makeKeys()
      const certificate = await x509.X509CertificateGenerator.create({
        subject,
        issuer: own.subject,
        publicKey: made.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        notBefore: notBefore ?? new Date(Date.now() - hour),
        notAfter: notAfter ?? new Date(Date.now() + 24 * hour),
        extensions: [
          new x509.BasicConstraintsExtension(false),
          ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
          ...(use ? [new x509.ExtendedKeyUsageExtension([uses[use]])] : []),
        ],
      })
      return paired(certificate, made)
    },
  }
}

/** A folder of PEM files, which is gone afterwards. */
export function pemFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-certificates-'))
  const write = (name: string, content: string): string => {
    const file = join(folder, name)
    writeFileSync(file, content)
    return file
  }
  return { write, remove: () => rmSync(folder, { recursive: true }) }
}

/** The thumbprint that tokens are bound by (RFC 8705, 3.1). */
export async function thumbprint({ der }: Pair): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(der, 'base64'))).toString('base64url')
}

/** Has this process believe an authority, as an operating system would; what it returns takes that back. */
export function believe({ cert }: Pair): () => void {
  const before = getCACertificates()
  setDefaultCACertificates([...before, cert])
  return () => setDefaultCACertificates(before)
}

interface Shown {
  method?: string
  headers?: Record<string, string>
  form?: Readonly<Record<string, string | undefined>>
}

/** A request that shows a certificate, or none. */
export async function showing(
  pair: Pair | undefined,
  url: string,
  { method = 'POST', headers = {}, form }: Shown = {},
) {
  const present = Object.entries(form ?? {}).filter((each): each is [string, string] => each[1] !== undefined)
  const body = form && new URLSearchParams(present).toString()
  const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
  const shown = pair ? { cert: pair.cert, key: pair.key } : {}
  const asked = request(url, { method, headers: { ...type, ...headers }, agent: false, ...shown }).end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  const read = await text(answer)
  return { status: answer.statusCode, text: read, body: (read.startsWith('{') ? JSON.parse(read) : {}) as Told }
}

/** What endpoints answer, as far as tests look. */
export type Told = Readonly<Record<string, unknown>> & { access_token: string; refresh_token: string }
