import type { Adapter, AdapterPayload } from 'oidc-provider'
import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { id, token } from '../crypto/random.ts'
import { declare, type Store } from '../store/collection.ts'

/** The answer that the live token came with, kept for a client that did not receive it. */
const answered = z.object({
  /** The digest of the token that was spent. */
  digest: z.string(),
  /** Milliseconds. */
  at: z.number(),
  /** The scope and resource that were requested. */
  asked: z.string(),
  /** The key and the certificate of the holder. */
  holder: z.string(),
  /** The network and the user agent that the request came from. */
  network: z.string().optional(),
  agent: z.string().optional(),
  /** The answer, sealed with the spent token. */
  sealed: z.string(),
})

const shape = z.object({
  /** The digest of the prefix of all tokens of the family. */
  id: z.string(),
  /** The digest of the live token. */
  digest: z.string(),
  payload: z.custom<AdapterPayload>(),
  /** When the live token was made, in seconds. */
  iat: z.number(),
  last: answered.optional(),
  /** When the answer was last repeated to a client that cannot bind its tokens, in milliseconds. */
  repeatedAt: z.number().optional(),
  /** When its session ends, in milliseconds, unless it is ended before and this with it. */
  sessionLives: z.number().optional(),
  grantId: z.string().optional(),
  sessionUid: z.string().optional(),
  expiresAt: z.number(),
})

const declaration = declare({ name: 'refresh_tokens', shape, indexes: ['grantId', 'sessionUid'] })

export type Family = z.output<typeof shape>
export type Answered = z.output<typeof answered>

const prefix = id().length
const whole = newToken().length

interface Rotation {
  /** The answer to the spent token; none on the first one. */
  last?: Omit<Answered, 'digest'>
  /** Seconds that the new token lives. */
  life: number
  sessionLives?: number | undefined
}

/** Returns a refresh token of a new family. */
export function newToken(): string {
  return id() + token()
}

/** Returns the next token of the family. */
export function successor(value: string): string {
  return value.slice(0, prefix) + token()
}

const familyOf = (value: string): string => sha256(value.slice(0, prefix))

/** Returns whether this is the family's live token. */
export function lives({ digest }: Family, value: string): boolean {
  // In any time: somebody who learned the digest by it would still have no token.
  return digest === sha256(value)
}

/**
 * Keeps refresh tokens, as digests, one document for each family (RFC 9700, 4.14.2): somebody who shows a token that is not the live one has had a
 * token of this family, and rotation is one guarded write, no matter how old the family is.
 */
export function refreshTokens(store: Store, now: () => number) {
  const kept = store.collection(declaration)
  const seconds = (): number => Math.floor(now() / 1000)
  // Introspection asks about every token: one of another length costs no read of the store.
  const family = async (value: string): Promise<Family | undefined> =>
    value.length === whole ? kept.get(familyOf(value)) : undefined

  return {
    collection: kept,
    /** Resolves to the family of a token, live or spent. */
    family,
    /** Makes `to` the live token instead of `from`; false when another request was first. */
    rotate: async (from: string, to: string, { last, life, sessionLives }: Rotation): Promise<boolean> => {
      const digest = sha256(from)
      const rotated = { digest: sha256(to), iat: seconds(), expiresAt: now() + life * 1000 }
      const changes = {
        ...rotated,
        repeatedAt: undefined,
        ...(last && { last: { ...last, digest } }),
        ...(sessionLives && { sessionLives }),
      }
      return (await kept.patch(familyOf(from), changes, { digest })) !== undefined
    },
    /** Records that the answer to the spent token `from` is repeated; false when another token is live by now. */
    repeat: async (from: string, { digest }: Family): Promise<boolean> =>
      (await kept.patch(familyOf(from), { repeatedAt: now() }, { digest })) !== undefined,
    adapter: {
      upsert: async (value: string, { jti: _, exp: __, iat = seconds(), ...payload }: AdapterPayload, life = 0) => {
        const { grantId, sessionUid } = payload
        const born = { iat, grantId, sessionUid, expiresAt: now() + life * 1000 }
        await kept.put({ id: familyOf(value), digest: sha256(value), payload, ...born })
      },
      find: async (value: string) => {
        const found = await family(value)
        if (!found) return undefined
        const { payload, iat, expiresAt, sessionLives = 0 } = found
        const whole = { ...payload, jti: value, iat, exp: Math.floor(expiresAt / 1000) }
        if (sessionLives > now()) whole.expiresWithSession = false
        return lives(found, value) ? whole : { ...whole, consumed: iat }
      },
      destroy: async (value: string) => {
        await kept.remove({ id: familyOf(value) })
      },
      revokeByGrantId: async (grantId: string) => {
        await kept.remove({ grantId })
      },
      consume: async () => {
        throw new TypeError('refresh tokens are spent by rotate')
      },
    } satisfies Partial<Adapter>,
  }
}
