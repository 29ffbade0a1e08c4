import { createPrivateKey, createPublicKey } from 'node:crypto'
import {
  CompactSign,
  calculateJwkThumbprint,
  compactVerify,
  createLocalJWKSet,
  exportJWK,
  type JSONWebKeySet,
} from 'jose'
import type { Key } from './keyring.ts'

/** Signs statements that are kept for years, with one key that signs nothing else. */
export interface Signer {
  /** Public keys of every secret, newest first (RFC 7517). `kid` is the thumbprint (RFC 7638). */
  jwks: JSONWebKeySet
  /** A compact JWS (RFC 7515) by the newest key. */
  sign(statement: object): Promise<string>
}

// PKCS #8 around the 32 bytes of an Ed25519 key (RFC 8410, 7).
const wrapping = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Makes a signer whose Ed25519 keys (RFC 8037) are these derived ones, newest first. `type` says what is signed; no other type verifies. */
export async function signer(keys: readonly Key[], type: string): Promise<Signer> {
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
    jwks,
    sign: statement => new CompactSign(Buffer.from(JSON.stringify(statement))).setProtectedHeader(header).sign(newest),
  }
}

/** What was signed, by one of these keys and as this type; undefined when it was not. */
export async function verified(jws: string, jwks: JSONWebKeySet, type: string): Promise<unknown> {
  try {
    const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(jwks), { algorithms: ['EdDSA'] })
    return protectedHeader.typ === type ? JSON.parse(Buffer.from(payload).toString()) : undefined
  } catch {
    return undefined
  }
}
