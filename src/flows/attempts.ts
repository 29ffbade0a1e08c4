import { z } from 'zod'
import { id } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import { declare, type Store } from '../store/collection.ts'

const lifetime = 60 * 60_000

const mode = z.enum(['prove', 'enrol'])

const shape = z.object({
  id: z.string(),
  expiresAt: z.number(),
  /** Rises with each change: what compare-and-set compares. */
  rev: z.number(),
  purpose: z.enum(['sign-in', 'sign-up', 'step-up', 'add']),
  /** The device it began on; nobody else's browser may carry it on. */
  device: z.string(),
  /** Whose it is, once an answer named an account, or the account's id-to-be at sign-up. */
  account: z.string().optional(),
  /** The address that was typed. */
  email: z.string().optional(),
  /** The account exists: at sign-up, once its second factor is enrolled. */
  real: z.boolean(),
  /** The authorization request that waits for it (oidc-provider's interaction uid). */
  interaction: z.string().optional(),
  client: z.object({ name: z.string(), tile: z.string(), origin: z.string() }).optional(),
  /** Where to go afterwards, a path of ours. */
  next: z.string().optional(),
  acr: z.enum(['mfa', 'aal2', 'phr']).optional(),
  add: z.string().optional(),
  locale: z.string(),
  proved: z.array(z.string()),
  fresh: z.array(z.string()),
  skipped: z.array(z.string()),
  /** The step that was begun. */
  at: z.object({ mode, factor: z.string() }).optional(),
  /** Sealed: what was enrolled before the account exists. */
  pending: z.string().optional(),
  done: z.object({ acr: z.enum(['mfa', 'aal2', 'phr']).optional(), amr: z.array(z.string()) }).optional(),
})

/** One person's way through a sign-in, sign-up or step-up: what has been proved so far. */
export type Attempt = z.output<typeof shape>
export type Mode = z.output<typeof mode>
export type NewAttempt = Pick<Attempt, 'purpose' | 'device' | 'locale'> &
  Partial<Pick<Attempt, 'account' | 'email' | 'interaction' | 'client' | 'next' | 'acr' | 'add'>>

export const attemptsDeclaration = declare({ name: 'attempts', shape })

export interface Attempts {
  start(attempt: NewAttempt): Promise<Attempt>
  /** Throws `attempt_expired` when there is none (any longer), `attempt_elsewhere` when it began on another device. */
  get(id: string, device: string): Promise<Attempt>
  /** Throws `conflict` when another request changed it first. */
  change(attempt: Attempt, changes: Partial<Attempt>): Promise<Attempt>
  /** Ends it: of several only one gets it. Throws `attempt_expired`. */
  take(attempt: Attempt): Promise<Attempt>
}

/** The attempts in this store; each lasts an hour. */
export function attempts({ store, now }: { store: Store; now: () => number }): Attempts {
  const kept = store.collection(attemptsDeclaration)
  return {
    start: async begun => {
      const attempt: Attempt = {
        real: begun.account !== undefined,
        proved: [],
        // A sign-up knows its account's id from the start: passkeys are made for it.
        ...(begun.purpose === 'sign-up' && { account: id() }),
        ...begun,
        id: id(),
        expiresAt: now() + lifetime,
        rev: 0,
        fresh: [],
        skipped: [],
      }
      await kept.insert(attempt)
      return attempt
    },
    get: async (own, device) => {
      const attempt = await kept.get(own)
      if (!attempt) throw new Problem('attempt_expired')
      if (attempt.device !== device) throw new Problem('attempt_elsewhere')
      return attempt
    },
    change: async ({ id: own, rev }, changes) => {
      const changed = await kept.patch(own, { ...changes, rev: rev + 1 }, { rev })
      if (!changed) throw new Problem('conflict')
      return changed
    },
    take: async ({ id: own }) => {
      const taken = await kept.take(own)
      if (!taken) throw new Problem('attempt_expired')
      return taken
    },
  }
}
