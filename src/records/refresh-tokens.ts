import type { Adapter, AdapterPayload } from 'oidc-provider'
import { z } from 'zod'
import { same, sha256 } from '../crypto/digest.ts'
import { id, token } from '../crypto/random.ts'
import { type Collection, declare, type Store } from '../store/collection.ts'

/** What the one before the live token was answered with, for a client that never heard it. */
const answered = z.object({
  /** The digest of the token that was spent. */
  digest: z.string(),
  /** Milliseconds. */
  at: z.number(),
  /** What was asked: scope and resource. */
  asked: z.string(),
  /** By which key and which certificate its holder was known. */
  holder: z.string(),
  /** The network and the user agent that it was shown from. */
  network: z.string().optional(),
  agent: z.string().optional(),
  /** The answer, sealed under the spent token. */
  sealed: z.string(),
})

const shape = z.object({
  /** The digest of what all tokens of the family begin with. */
  id: z.string(),
  /** Of the live token. */
  digest: z.string(),
  payload: z.custom<AdapterPayload>(),
  /** When the live token was made, in seconds. */
  iat: z.number(),
  last: answered.optional(),
  /** That answer was given once more to a client that cannot bind its tokens. */
  repeated: z.boolean().optional(),
  /** Until then, in milliseconds, its session lives, unless it was ended and took this along. */
  sessionLives: z.number().optional(),
  grantId: z.string().optional(),
  sessionUid: z.string().optional(),
  expiresAt: z.number(),
})

const declaration = declare({ name: 'refresh_tokens', shape, indexes: ['grantId', 'sessionUid'] })

export type Family = z.output<typeof shape>
export type Answered = z.output<typeof answered>

/**
 * Refresh tokens, one document a family (RFC 9700, 4.14.2): whoever shows one that is not the live one has had a token
 * of this family, and rotating is one guarded write however old the family grows.
 */
export interface RefreshTokens {
  adapter: Adapter
  collection: Collection<Family>
  /** The family of a token, live or spent. */
  family(value: string): Promise<Family | undefined>
  /** Makes `to` the live token in place of `from`; false when another got there first. */
  rotate(from: string, to: string, rotation: Rotation): Promise<boolean>
  /** Notes that the answer to the spent token `from` is given once more; false when it was already, or another token is live by now. */
  repeat(from: string, family: Family): Promise<boolean>
}

const prefix = id().length
const whole = newToken().length

interface Rotation {
  /** What the one before was answered with; none where there is no other. */
  last?: Omit<Answered, 'digest'>
  /** Seconds that the new token lives. */
  life: number
  sessionLives?: number | undefined
}

/** A refresh token of a new family. */
export function newToken(): string {
  return id() + token()
}

/** The next one of the family. */
export function successor(value: string): string {
  return value.slice(0, prefix) + token()
}

const familyOf = (value: string): string => sha256(value.slice(0, prefix))

/** Is this the family's live token? */
export function lives({ digest }: Family, value: string): boolean {
  return same(digest, sha256(value))
}

/** Keeps refresh tokens on a store; only their digests are in it. */
export function refreshTokens(store: Store, now: () => number): RefreshTokens {
  const kept = store.collection(declaration)
  const seconds = (): number => Math.floor(now() / 1000)
  // Introspection asks of every token: what is no refresh token by its length costs no look into the store.
  const family = async (value: string): Promise<Family | undefined> =>
    value.length === whole ? kept.get(familyOf(value)) : undefined

  return {
    collection: kept,
    family,
    rotate: async (from, to, { last, life, sessionLives }) => {
      const digest = sha256(from)
      const rotated = { digest: sha256(to), iat: seconds(), expiresAt: now() + life * 1000 }
      const changes = {
        ...rotated,
        repeated: undefined,
        ...(last && { last: { ...last, digest } }),
        ...(sessionLives && { sessionLives }),
      }
      return (await kept.patch(familyOf(from), changes, { digest })) !== undefined
    },
    repeat: async (from, { digest }) =>
      (await kept.patch(familyOf(from), { repeated: true }, { digest, repeated: undefined })) !== undefined,
    adapter: {
      upsert: async (value, { jti: _, exp: __, iat = seconds(), ...payload }, life = 0) => {
        const { grantId, sessionUid } = payload
        const born = { iat, grantId, sessionUid, expiresAt: now() + life * 1000 }
        await kept.put({ id: familyOf(value), digest: sha256(value), payload, ...born })
      },
      find: async value => {
        const found = await family(value)
        if (!found) return undefined
        const { payload, iat, expiresAt, sessionLives = 0 } = found
        const whole = { ...payload, jti: value, iat, exp: Math.floor(expiresAt / 1000) }
        if (sessionLives > now()) whole.expiresWithSession = false
        return lives(found, value) ? whole : { ...whole, consumed: iat }
      },
      destroy: async value => {
        await kept.remove({ id: familyOf(value) })
      },
      revokeByGrantId: async grantId => {
        await kept.remove({ grantId })
      },
      consume: async () => {
        throw new TypeError('refresh tokens are spent by rotate')
      },
      findByUid: async () => undefined,
      findByUserCode: async () => undefined,
    },
  }
}
