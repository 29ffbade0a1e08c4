import { ExternalSigningKey, type Provider } from 'oidc-provider'
import { type ImmediateSigner, immediateSigner, publicHalf, type SigningKey } from '../crypto/jws.ts'
import type { RingKey } from '../keys/signing-keys.ts'
import { replaceKeys } from './internals.ts'

/** A signing key that the library asks for signatures and never sees. */
class ImmediateKey extends ExternalSigningKey {
  readonly #signer: ImmediateSigner

  constructor(jwk: SigningKey) {
    super()
    this.#signer = immediateSigner(jwk)
    Object.assign(this, { kid: jwk.kid, alg: jwk.alg })
  }

  override keyObject() {
    return this.#signer.publicKey
  }

  override sign(data: Uint8Array) {
    return this.#signer.sign(data)
  }
}

/** The ring as the library takes it: of two keys for one algorithm it signs with the first, and verifies with both. */
export function forLibrary(keys: readonly RingKey[]): { keys: ExternalSigningKey[] } {
  return { keys: keys.map(({ jwk }) => new ImmediateKey(jwk)) }
}

/** Makes this ring's keys those that a provider signs with and publishes, between two requests. */
export function replaceRing(provider: Provider, ring: readonly RingKey[]): void {
  const published = ring.map(({ jwk }) => publicHalf(jwk))
  replaceKeys(provider, forLibrary(ring).keys, published)
}
