import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import { promisify } from 'node:util'
import {
  CompactSign,
  calculateJwkThumbprint,
  compactVerify,
  createLocalJWKSet,
  exportJWK,
  type JSONWebKeySet,
  type JWK,
} from 'jose'
import type { Key } from './keyring.ts'

/** The algorithms of signing keys, by their JWS names (RFC 7518, 3.1; RFC 8037, 3.1; RFC 9864, 2.2; draft-ietf-cose-dilithium). */
export const algorithms = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256', 'ML-DSA-44', 'ML-DSA-65'] as const
export type Algorithm = (typeof algorithms)[number]

/** A private signing key: `kid` is its thumbprint (RFC 7638). */
export type SigningKey = JWK & { kid: string; alg: string; use: 'sig' }

type Kind = [type: 'ec' | 'ed25519' | 'rsa' | 'ml-dsa-44' | 'ml-dsa-65', options: object]
const ed25519: Kind = ['ed25519', {}]
/** 3072 bits are as strong as P-256; 2048, which are enough until 2030 (NIST SP 800-57 part 1, 5.6), are made in a fifth of the time. */
const rsa = (modulusLength: number): Kind => ['rsa', { modulusLength }]
const kinds: { readonly [A in Algorithm]: Kind } = {
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ed25519,
  Ed25519: ed25519,
  PS256: rsa(3072),
  // Every first start makes one, and few installations use it.
  RS256: rsa(2048),
  'ML-DSA-44': ['ml-dsa-44', {}],
  'ML-DSA-65': ['ml-dsa-65', {}],
}

type Generate = (
  type: string,
  options: object,
) => Promise<{ privateKey: { export(as: { format: 'jwk' }): JsonWebKey } }>
const generate = promisify(generateKeyPair) as unknown as Generate

/** Generates a signing key, off the main thread: an RSA key takes a tenth of a second and more. */
export async function newKey(alg: Algorithm): Promise<SigningKey> {
  const { privateKey } = await generate(...kinds[alg])
  const jwk = privateKey.export({ format: 'jwk' }) as JWK
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }
}

/** Returns whether this runtime can make such keys: Node with an OpenSSL before 3.5 has no ML-DSA. */
export function isSupported(alg: Algorithm): boolean {
  if (!alg.startsWith('ML-DSA')) return true
  try {
    return (generateKeyPairSync as (type: string, options: object) => unknown)(...kinds[alg]) !== undefined
  } catch {
    return false
  }
}

/** Returns the public half of a key. */
export function publicHalf({ d, p, q, dp, dq, qi, priv, ...half }: SigningKey): SigningKey {
  return half as SigningKey
}

/** Returns whether a key can sign. */
export function isPrivate({ d, priv }: SigningKey): boolean {
  return d !== undefined || priv !== undefined
}

export type ImmediateSigner = ReturnType<typeof immediateSigner>

/**
 * Returns the public key and a function that signs as JWS does (RFC 7518, 3.3 to 3.5; RFC 8037, 3.1; draft-ietf-cose-dilithium). It signs
 * at once, on this thread: that costs less than handing over to another, where it would wait behind password hashes. It throws
 * TypeError if the key is a public half.
 */
export function immediateSigner(jwk: SigningKey) {
  const input = { key: jwk as JsonWebKey, format: 'jwk' } as const
  const key = isPrivate(jwk) ? createPrivateKey(input) : undefined
  return { publicKey: createPublicKey(key ?? input), sign: key ? signing(jwk.alg, key) : retired }
}

function signing(alg: string, key: KeyObject): (data: Uint8Array) => Uint8Array {
  // Not `dsaEncoding`: given the key alone, Node 24 signs in half the time that it takes with options (0.12 and 0.24 ms).
  if (alg === 'ES256') return data => ieeeP1363(sign('sha256', data, key))
  if (alg === 'RS256') return data => sign('sha256', data, key)
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  if (alg === 'PS256') return data => sign('sha256', data, pss)
  return data => sign(null, data, key)
}

const retired = (): never => {
  throw new TypeError('a retired key signs nothing')
}

/** Returns R and S of a P-256 signature, 32 bytes each, from their DER (RFC 3279, 2.2.3); all of it is under 128 bytes, so that lengths are one byte. */
function ieeeP1363(der: Uint8Array): Uint8Array {
  const both = new Uint8Array(64)
  let at = 3
  for (const end of [32, 64]) {
    const length = der[at] as number
    // A leading zero keeps a number positive; other leading zeros are left out.
    const number = der.subarray(at + 1 + Math.max(0, length - 32), at + 1 + length)
    both.set(number, end - number.length)
    at += length + 2
  }
  return both
}

export type StatementSigner = Awaited<ReturnType<typeof statementSigner>>

// PKCS #8 around the 32 bytes of an Ed25519 key (RFC 8410, 7).
const wrapping = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * Signs statements that are kept for years, with derived Ed25519 keys (RFC 8037), newest first, that sign nothing else. `type` says what is
 * signed: a statement verifies as that type only.
 */
export async function statementSigner(keys: readonly Key[], type: string) {
  const privates = keys.map(({ bytes }) =>
    createPrivateKey({ key: Buffer.concat([wrapping, bytes]), format: 'der', type: 'pkcs8' }),
  )
  const [newest] = privates
  if (!newest) throw new RangeError('a signer needs a key')
  const published = privates.map(async each => {
    const jwk = await exportJWK(createPublicKey(each))
    return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'EdDSA', use: 'sig' }
  })
  const jwks = { keys: await Promise.all(published) }
  const header = { alg: 'EdDSA', kid: jwks.keys[0]?.kid, typ: type }
  return {
    /** The public keys of every secret, newest first (RFC 7517). `kid` is the thumbprint (RFC 7638). */
    jwks: jwks as JSONWebKeySet,
    /** Resolves to a compact JWS (RFC 7515) by the newest key. */
    sign: (statement: object): Promise<string> =>
      new CompactSign(Buffer.from(JSON.stringify(statement))).setProtectedHeader(header).sign(newest),
  }
}

/** Resolves to what one of these keys signed as this type; undefined when none did. */
export async function verifyStatement(jws: string, jwks: JSONWebKeySet, type: string): Promise<unknown> {
  try {
    const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(jwks), { algorithms: ['EdDSA'] })
    return protectedHeader.typ === type ? JSON.parse(Buffer.from(payload).toString()) : undefined
  } catch {
    return undefined
  }
}
