import { z } from 'zod'
import { same } from '../crypto/compare.ts'
import { hmac } from '../crypto/digest.ts'
import { newKey, type SigningKey } from '../crypto/jwk.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { Keyring } from '../crypto/secrets.ts'
import type { Record } from '../events.ts'
import { Conflict, declare, type Store } from '../store/collection.ts'

/** What Latchkey signs with: ES256 unless an API or a client asks for EdDSA (Ed25519). */
export const signingAlgorithms = ['ES256', 'EdDSA'] as const

const declaration = declare({
  name: 'signing_keys',
  shape: z.object({
    /** Its algorithm and place in the ring: of two processes that make one at once, one gets it in. */
    id: z.string(),
    kid: z.string(),
    jwk: z.string(),
    createdAt: z.number(),
  }),
})

interface Services {
  store: Store
  sealer: Sealer
  record: Record
  now: () => number
}

/** The ring of signing keys, sealed in the store and made where there is none; every process gets the same. */
export async function signingKeys({ store, sealer, record, now }: Services): Promise<SigningKey[]> {
  const kept = store.collection(declaration)

  const key = async (alg: (typeof signingAlgorithms)[number]): Promise<SigningKey> => {
    const id = `${alg}.1`
    const context = `signing-key:${id}`
    const found = await kept.get(id)
    if (found) return JSON.parse(sealer.open(found.jwk, context))
    const made = await newKey(alg)
    try {
      await kept.insert({ id, kid: made.kid, jwk: sealer.seal(JSON.stringify(made), context), createdAt: now() })
    } catch (fault) {
      if (fault instanceof Conflict) return key(alg)
      throw fault
    }
    await record('keys.created', { kid: made.kid, alg })
    return made
  }
  return Promise.all(signingAlgorithms.map(key))
}

/** Signs cookies with the newest secret and believes those of any, by HMAC-SHA256: what Koa wants of its `keys`. */
export interface CookieKeys {
  sign(data: string): string
  /** The place of the key that signed, or -1. */
  index(data: string, signature: string): number
  verify(data: string, signature: string): boolean
}

/** Derives cookie keys from the operator's secrets. */
export function cookieKeys(keyring: Keyring): CookieKeys {
  const keys = keyring.all('cookies')
  const index = (data: string, signature: string): number =>
    keys.findIndex(({ bytes }) => same(hmac(bytes, data), signature))
  return {
    sign: data => hmac(keyring.newest('cookies').bytes, data),
    index,
    verify: (data, signature) => index(data, signature) >= 0,
  }
}
