import { generateKeyPair, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JWK } from 'jose'

/** What a signing key can be: as JWS names it (RFC 7518, 3.1; RFC 8037, 3.1; RFC 9864, 2.2; draft-ietf-cose-dilithium). */
export const algorithms = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256', 'ML-DSA-44', 'ML-DSA-65'] as const
export type Algorithm = (typeof algorithms)[number]

/** A private signing key: `kid` is its thumbprint (RFC 7638). */
export type SigningKey = JWK & { kid: string; alg: string; use: 'sig' }

type Kind = [type: 'ec' | 'ed25519' | 'rsa' | 'ml-dsa-44' | 'ml-dsa-65', options: object]
const ed25519: Kind = ['ed25519', {}]
/** 3072 bits are worth as much as P-256; 2048, which do until 2030 (NIST SP 800-57 part 1, 5.6), are made in a fifth of the time. */
const rsa = (modulusLength: number): Kind => ['rsa', { modulusLength }]
const kinds: { readonly [A in Algorithm]: Kind } = {
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ed25519,
  Ed25519: ed25519,
  PS256: rsa(3072),
  // Every first start makes one, and few ever use it.
  RS256: rsa(2048),
  'ML-DSA-44': ['ml-dsa-44', {}],
  'ML-DSA-65': ['ml-dsa-65', {}],
}

type Generate = (
  type: string,
  options: object,
) => Promise<{ privateKey: { export(as: { format: 'jwk' }): JsonWebKey } }>
const generate = promisify(generateKeyPair) as unknown as Generate

/** Makes a signing key, off the main thread: an RSA key takes a tenth of a second and more. */
export async function newKey(alg: Algorithm): Promise<SigningKey> {
  const { privateKey } = await generate(...kinds[alg])
  const jwk = privateKey.export({ format: 'jwk' }) as JWK
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }
}

/** Can this runtime make such keys? A Node that is built on an OpenSSL before 3.5 knows no ML-DSA. */
export function offered(alg: Algorithm): boolean {
  if (!alg.startsWith('ML-DSA')) return true
  try {
    return (generateKeyPairSync as (type: string, options: object) => unknown)(...kinds[alg]) !== undefined
  } catch {
    return false
  }
}

/** The half of a key that everybody may have. */
export function publicHalf({ d, p, q, dp, dq, qi, priv, ...half }: SigningKey): SigningKey {
  return half as SigningKey
}

/** Can it sign? */
export function isPrivate({ d, priv }: SigningKey): boolean {
  return d !== undefined || priv !== undefined
}
