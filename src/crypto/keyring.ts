import { hkdfSync, type KeyObject } from 'node:crypto'
import { hmac, readySecret, same } from './digest.ts'

/** A 32-byte key for one purpose, and the id that finds it after a rotation. */
export interface Key {
  id: string
  bytes: Uint8Array
  /** The bytes, ready for use. */
  ready: KeyObject
}

export type Keyring = ReturnType<typeof keyring>

const idBytes = 6

/** Derives keys for every purpose from the operator's secrets, newest first, of 32 characters or more each (HKDF-SHA256, RFC 5869). Throws RangeError. */
export function keyring(secrets: readonly string[]) {
  if (secrets.length === 0) throw new RangeError('a keyring needs a secret')
  if (secrets.some(secret => secret.length < 32)) throw new RangeError('a secret must have 32 characters or more')
  const ring = secrets.map(secret => ({ secret, id: derive(secret, 'id', '', idBytes).toString('base64url') }))
  const derived = new Map<string, readonly Key[]>()

  const all = (purpose: string): readonly Key[] => {
    const known = derived.get(purpose)
    if (known) return known
    const keys = ring.map(({ secret, id }) => {
      const bytes = new Uint8Array(derive(secret, 'key', purpose, 32))
      return { id, bytes, ready: readySecret(bytes) }
    })
    derived.set(purpose, keys)
    return keys
  }
  return {
    /** Returns the key that new things are made with. */
    newest: (purpose: string): Key => all(purpose)[0] as Key,
    /** Returns the key that an older thing was made with; undefined once its secret is removed. */
    find: (purpose: string, id: string): Key | undefined => all(purpose).find(key => key.id === id),
    /** Returns every key of a purpose, newest first. */
    all,
  }
}

// Ids and keys have different salts, so that no purpose, whatever its name, yields the bytes of an id.
function derive(secret: string, use: 'id' | 'key', purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, `latchkey ${use}`, purpose, length))
}

/** Returns Koa's `keys`: cookies are signed with the newest secret, by HMAC-SHA256, and verified with all. */
export function cookieKeys(keyring: Keyring) {
  const keys = keyring.all('cookies')
  /** Returns the place of the key that signed, or -1. */
  const index = (data: string, signature: string): number =>
    keys.findIndex(({ ready }) => same(hmac(ready, data), signature))
  return {
    sign: (data: string): string => hmac(keyring.newest('cookies').ready, data),
    index,
    verify: (data: string, signature: string): boolean => index(data, signature) >= 0,
  }
}

/** Milliseconds for which a proof of `ownProof` holds, before and after it was made. */
const proofHolds = 5 * 60_000

/** Makes and verifies proofs, to a server with the same secrets, that its operator asks. */
export function ownProof(keyring: Keyring) {
  const keys = keyring.all('own-proof')
  return {
    make: (now: number): string => `${now}.${hmac(keyring.newest('own-proof').ready, String(now))}`,
    holds: (proof: string, now: number): boolean => {
      const [at = '', mac = ''] = proof.split('.')
      const fresh = /^\d{1,16}$/.test(at) && Math.abs(now - Number(at)) < proofHolds
      return fresh && keys.some(({ ready }) => same(hmac(ready, at), mac))
    },
  }
}
