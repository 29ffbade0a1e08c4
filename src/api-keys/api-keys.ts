import { z } from 'zod'
import { id, token } from '../crypto/random.ts'
import { nobodysPublicKey, readyKey } from '../crypto/request-signature.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import { allOf, declare, type Store } from '../store/collection.ts'
import type { Material } from './scheme.ts'

/** What a key can be allowed to do. */
export const scopes = ['read', 'trade', 'transfer'] as const
export type Scope = (typeof scopes)[number]

/** What ids and secrets begin with: a leaked one is recognized by it, and no shell takes it for an option. */
const prefixes = { id: 'lk_', secret: 'lks_' }
const minute = 60_000
const day = 24 * 60 * minute
/** How long the former secret of a rotated key still signs, in milliseconds. */
export const overlap = day
/** How many keys an account may have that are not revoked. */
export const limit = 20
/** How many opened keys are cached, and for how many milliseconds: opening one costs more than everything else but the disk. */
const atHand = { keys: 1_000, time: minute }
/** How long a revoked key is remembered, so that its user learns why it fails. */
const remembered = 90 * day

const shape = z.object({
  id: z.string(),
  account: z.string(),
  /** The account's security stamp when it was made. */
  securityStamp: z.number().optional(),
  name: z.string(),
  scopes: z.array(z.enum(scopes)),
  /** Addresses and CIDR blocks that it may be used from; empty for any. */
  addresses: z.array(z.string()),
  algorithm: z.enum(['hmac-sha256', 'ed25519']),
  /** Sealed, for an HMAC; the public key as base64url, for Ed25519; empty once it is revoked. */
  secret: z.string(),
  /** What a rotation replaced, and until when it still signs. */
  former: z.object({ secret: z.string(), until: z.number() }).optional(),
  /** Rises with each rotation: what compare-and-set compares. */
  rev: z.number(),
  createdAt: z.number(),
  rotatedAt: z.number().optional(),
  /** When it stops to sign. */
  endsAt: z.number().optional(),
  revokedAt: z.number().optional(),
  /** Last use that passed, to the minute. */
  usedAt: z.number().optional(),
  usedFrom: z.string().optional(),
  expiresAt: z.number().optional(),
})

export const apiKeysDeclaration = declare({ name: 'api_keys', shape, indexes: [['account', 'revokedAt']] })

/** What a key's secret is sealed for. */
export const apiKeyContext = ({ id }: { id: string }): string => `api-key:${id}`

/** A person's key for signing requests. Its secret is sealed; `keys.open` opens it. */
export type ApiKey = z.output<typeof shape>
export type NewApiKey = Pick<ApiKey, 'account' | 'securityStamp' | 'name' | 'scopes' | 'addresses' | 'endsAt'>

/** A key, and its secret where one was made: the only time that it is shown. */
export interface Revealed {
  key: ApiKey
  secret: string | undefined
}

export type Keys = ReturnType<typeof keys>

/** Keeps API keys in this store. */
export function keys({ store, sealer, now }: { store: Store; sealer: Sealer; now: () => number }) {
  const kept = store.collection(apiKeysDeclaration)
  const nobody = `${prefixes.id}nobody`
  const decoys = { 'hmac-sha256': sealer.seal(token(), apiKeyContext({ id: nobody })), ed25519: nobodysPublicKey() }

  const make = (key: string, publicKey: string | undefined) => {
    if (publicKey !== undefined) return { algorithm: 'ed25519' as const, secret: undefined, kept: publicKey }
    const secret = prefixes.secret + token()
    return { algorithm: 'hmac-sha256' as const, secret, kept: sealer.seal(secret, apiKeyContext({ id: key })) }
  }
  const opened = new Map<string, { material: Material; until: number }>()
  const material = (owner: string, algorithm: ApiKey['algorithm'], kept: string): Material => {
    const known = opened.get(kept)
    if (known && now() < known.until) return known.material
    const [oldest = kept] = opened.size >= atHand.keys ? opened.keys() : []
    opened.delete(oldest)
    const made: Material =
      algorithm === 'ed25519'
        ? { algorithm, value: readyKey(kept) }
        : { algorithm, value: sealer.open(kept, apiKeyContext({ id: owner })) }
    opened.set(kept, { material: made, until: now() + atHand.time })
    return made
  }
  /** Resolves to the keys of an account that are not revoked, newest first. */
  const of = async (account: string) => {
    const found = await allOf(kept, { account, revokedAt: undefined })
    return found.sort((a, b) => b.createdAt - a.createdAt)
  }

  return {
    get: (own: string) => kept.get(own),
    of,
    /** Adds a key that signs with a new secret, or with the private half of `publicKey`. Throws `limit_reached`. */
    add: async (wanted: NewApiKey, publicKey?: string): Promise<Revealed> => {
      const own = prefixes.id + id()
      const { algorithm, secret, kept: inside } = make(own, publicKey)
      const key: ApiKey = { ...wanted, id: own, algorithm, secret: inside, rev: 0, createdAt: now() }
      await kept.insert(key)
      // Counted with the new one in, so that several at once cannot all be the last that fits.
      if ((await of(wanted.account)).length > limit) {
        await kept.take(own)
        throw new Problem('limit_reached')
      }
      return { key, secret }
    },
    /** Replaces a key's secret or public key; the former one signs for a day more. Throws `conflict`. */
    rotate: async (key: ApiKey, publicKey?: string): Promise<Revealed> => {
      const { secret, kept: inside } = make(key.id, publicKey)
      const former = { secret: key.secret, until: now() + overlap }
      const changes = { secret: inside, former, rev: key.rev + 1, rotatedAt: now() }
      const rotated = await kept.patch(key.id, changes, { rev: key.rev, revokedAt: undefined })
      if (!rotated) throw new Problem('conflict')
      return { key: rotated, secret }
    },
    rename: async (own: string, name: string): Promise<void> => {
      await kept.patch(own, { name })
    },
    /** Revokes a key from the next request on; resolves to false when it was revoked already. */
    revoke: async (own: string): Promise<boolean> => {
      const changes = { revokedAt: now(), secret: '', former: undefined, expiresAt: now() + remembered }
      return (await kept.patch(own, changes, { revokedAt: undefined })) !== undefined
    },
    /** Notes a use, at most once a minute. */
    used: async ({ id: own, usedAt }: ApiKey, usedFrom: string | undefined): Promise<void> => {
      if (usedAt === undefined || now() - usedAt >= minute) await kept.patch(own, { usedAt: now(), usedFrom })
    },
    /** Returns what a key's requests may be signed with, now or since before a rotation; a decoy where there is none, which takes as long. */
    open: (key: ApiKey | undefined, algorithm: ApiKey['algorithm'], which: 'current' | 'former'): Material => {
      const live = key?.algorithm === algorithm && key.revokedAt === undefined ? key : undefined
      const former = live?.former && now() < live.former.until ? live.former.secret : undefined
      const secret = which === 'current' ? live?.secret : former
      if (!live || secret === undefined) return material(nobody, algorithm, decoys[algorithm])
      return material(live.id, algorithm, secret)
    },
  }
}
