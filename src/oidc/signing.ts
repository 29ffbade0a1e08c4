import { ExternalSigningKey } from 'oidc-provider'
import type { SigningKey } from '../crypto/jwk.ts'
import { type ImmediateSigner, immediateSigner } from '../crypto/sign.ts'

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

/** The ring as the library takes it. */
export function forLibrary(keys: readonly SigningKey[]): { keys: ExternalSigningKey[] } {
  return { keys: keys.map(jwk => new ImmediateKey(jwk)) }
}
