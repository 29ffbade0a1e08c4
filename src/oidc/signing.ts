import { ExternalSigningKey, type Provider } from 'oidc-provider'
// @ts-expect-error: the library types only what its top exports; its version is pinned, and a test rotates keys
import inside from 'oidc-provider/lib/helpers/weak_cache.js'
import { publicHalf, type SigningKey } from '../crypto/jwk.ts'
import { type ImmediateSigner, immediateSigner } from '../crypto/sign.ts'
import type { RingKey } from '../keys/signing-keys.ts'

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

const lists = [
  'idTokenSigningAlgValues',
  'userinfoSigningAlgValues',
  'introspectionSigningAlgValues',
  'authorizationSigningAlgValues',
] as const
type Lists = { [list in (typeof lists)[number]]: string[] }

/** What the library keeps of its keys. */
interface Inside {
  keystore: { clear(): void; add(key: ExternalSigningKey): void }
  jwks: { keys: object[] }
  configuration: Lists & { enabledJWA: Lists }
}

/** The library reads its keys once. Here its signing keys, what it publishes and what it offers become this ring's, between two requests. */
export function replaceKeys(provider: Provider, ring: readonly RingKey[]): void {
  const library = (inside as (of: Provider) => Inside)(provider)
  const { keys } = forLibrary(ring)
  library.keystore.clear()
  for (const each of keys) library.keystore.add(each)
  library.jwks = { keys: ring.map(({ jwk }) => publicHalf(jwk)) }
  const offered = [...new Set<string>(ring.map(({ alg }) => alg))]
  const { configuration } = library
  for (const list of lists) configuration[list] = offered.filter(alg => configuration.enabledJWA[list].includes(alg))
}
