import { hkdfSync } from 'node:crypto'

/** A 32-byte key for one purpose, and the id that finds it again after a rotation. */
export interface Key {
  id: string
  bytes: Uint8Array
}

/** Keys for every purpose, derived from the operator's secrets. */
export interface Keyring {
  /** The key that new things are made with. */
  newest(purpose: string): Key
  /** The key that an older thing was made with; undefined once its secret has left. */
  find(purpose: string, id: string): Key | undefined
  /** Every key of a purpose, newest first. */
  all(purpose: string): readonly Key[]
}

const idBytes = 6

/** Derives a keyring from secrets, newest first, of 32 characters or more each (HKDF-SHA256, RFC 5869); throws RangeError. */
export function keyring(secrets: readonly string[]): Keyring {
  if (secrets.length === 0) throw new RangeError('a keyring needs a secret')
  if (secrets.some(secret => secret.length < 32)) throw new RangeError('a secret must have 32 characters or more')
  const ring = secrets.map(secret => ({ secret, id: derive(secret, 'id', '', idBytes).toString('base64url') }))
  const derived = new Map<string, readonly Key[]>()

  const all = (purpose: string): readonly Key[] => {
    const known = derived.get(purpose)
    if (known) return known
    const keys = ring.map(({ secret, id }) => ({ id, bytes: new Uint8Array(derive(secret, 'key', purpose, 32)) }))
    derived.set(purpose, keys)
    return keys
  }
  return {
    newest: purpose => all(purpose)[0] as Key,
    find: (purpose, id) => all(purpose).find(key => key.id === id),
    all,
  }
}

// Ids and keys have salts of their own, so that no purpose, whatever its name, yields an id's bytes.
function derive(secret: string, use: 'id' | 'key', purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, `latchkey ${use}`, purpose, length))
}
