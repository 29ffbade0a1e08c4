import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

/** A private signing key: `kid` is its thumbprint (RFC 7638). */
export type SigningKey = JWK & { kid: string; alg: string; use: 'sig' }

/** Makes a signing key: ES256 on P-256 (RFC 7518, 3.4) or EdDSA on Ed25519 (RFC 8037). */
export async function newKey(alg: 'ES256' | 'EdDSA'): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg, use: 'sig' }
}
