import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'

/** A key of an app: it proves who the app is, or that the app holds a token. */
export interface Pair {
  alg: string
  privateKey: CryptoKey
  /** Of the public key alone, with `kid` (its thumbprint), `alg` and `use`. */
  publicJwk: JWK & { kid: string }
}

/** Makes a key: ES256 unless told. */
export async function pair(alg = 'ES256'): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { alg, privateKey, publicJwk: { ...jwk, kid, alg, use: 'sig' } }
}

/** Signs claims; what is undefined is left out. */
export async function signed(
  { alg, privateKey, publicJwk }: Pair,
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  return new SignJWT(present(claims)).setProtectedHeader({ alg, kid: publicJwk.kid, ...header }).sign(privateKey)
}

/** The parameters by which an app authenticates with its key (RFC 7523, 2.2) for this `aud`. */
export async function assertion(app: string, key: Pair, claims: JWTPayload): Promise<Record<string, string>> {
  const usual = { iss: app, sub: app, jti: crypto.randomUUID(), iat: seconds(), exp: seconds() + 60 }
  return {
    client_id: app,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await signed(key, { ...usual, ...claims }),
  }
}

interface Shown {
  /** The method of the request that carries it; POST unless told. */
  htm?: string
  htu: string
  nonce?: string | undefined
  /** The access token that it is sent with. */
  token?: unknown
}

/** A DPoP proof (RFC 9449, 4.2); `more` replaces claims, `header` what stands in its header. */
export async function dpop(
  key: Pair,
  { htm = 'POST', htu, nonce, token }: Shown,
  more: JWTPayload = {},
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> {
  const { kty, crv, x, y, n, e } = key.publicJwk
  const jwk = present({ kty, crv, x, y, n, e }) as JWK
  const ath = token === undefined ? undefined : await digest(String(token))
  const claims = { jti: crypto.randomUUID(), htm, htu, iat: seconds(), nonce, ath, ...more }
  return signed(key, claims, { typ: 'dpop+jwt', kid: undefined, jwk, ...header })
}

/** Base64url of a text's SHA-256: a PKCE challenge, an `ath`. */
export async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Buffer.from(bytes).toString('base64url')
}

/** Now, in seconds as in tokens. */
export const seconds = (): number => Math.floor(Date.now() / 1000)

function present<T extends object>(claims: T): T {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)) as T
}
