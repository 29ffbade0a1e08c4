import { z } from 'zod'
import { Problem } from '../errors.ts'
import type { Emit, Origin } from '../events.ts'
import { allOf, declare, type Store } from '../store/collection.ts'

/** Wrong answers in a row from which on the owner is told, and a right one is held until they confirm it. */
const toTell = 10
/** Wrong answers in a row after which a factor is closed (NIST SP 800-63B-4, 3.2.2 allows no more than 100). */
const toClose = 100
/** How long they are remembered from the first on, unless the factor was closed by then, in milliseconds. */
const memory = 365 * 24 * 3_600_000

const shape = z.object({
  id: z.string(),
  account: z.string(),
  factor: z.string(),
  /** Wrong answers in a row; an answer that is being judged counts, too. */
  failed: z.number(),
  /** Its owner was told of the first ten; and that the factor is closed. */
  toldAt: z.number().optional(),
  closedAt: z.number().optional(),
  /** Absent once the factor is closed: that ends by another proof alone. */
  expiresAt: z.number().optional(),
})

export const failuresDeclaration = declare({ name: 'failures', shape, indexes: ['account'] })

export type Failures = ReturnType<typeof failures>

/**
 * Counts wrong answers in a row to each second factor of an account, on every device and over all sign-ins: of several at once, no more
 * than a hundred are judged.
 */
export function failures({ store, emit, now }: { store: Store; emit: Emit; now: () => number }) {
  const kept = store.collection(failuresDeclaration)
  const key = (account: string, factor: string) => `${account}.${factor}`
  const count = (account: string, factor: string, by: number) => {
    const id = key(account, factor)
    return kept.count(id, 'failed', by, { id, account, factor, failed: 0, expiresAt: now() + memory })
  }
  /** There is at most one for each factor. */
  const of = (account: string) => allOf(kept, { account })

  const tell = async (account: string, factor: string, failed: number, origin: Origin): Promise<void> => {
    const id = key(account, factor)
    const at = now()
    if (failed >= toTell && (await kept.patch(id, { toldAt: at }, { toldAt: undefined })))
      await emit('factor.guessed', { account, factor, times: toTell }, origin)
    if (failed >= toClose && (await kept.patch(id, { closedAt: at, expiresAt: undefined }, { closedAt: undefined })))
      await emit('factor.closed', { account, factor, times: toClose }, origin)
  }

  return {
    /** Begins to judge an answer; returns what to call once it was right or wrong. Throws `factor_closed` after a hundred wrong ones in a row. */
    judge: async (account: string, factor: string) => {
      const before = await of(account)
      const own = before.find(each => each.factor === factor)
      // Paid for before it is judged, once there is anything to count: answers side by side cannot outrun it. With nothing
      // counted yet the throttle lets far fewer than a hundred through at once, and a right answer costs no write.
      const paid = own && (await count(account, factor, 1))
      if (paid !== undefined && paid > toClose) {
        await count(account, factor, -1)
        throw new Problem('factor_closed', { field: 'code' })
      }
      return {
        wrong: async (origin: Origin): Promise<void> =>
          tell(account, factor, paid ?? (await count(account, factor, 1)), origin),
        /** The answer was not verified. */
        dropped: async (): Promise<void> => {
          if (paid !== undefined) await count(account, factor, -1)
        },
        /** The answer was right. `strong`: it is worth `aal2` with a password, and so reopens what others have closed. */
        right: async (strong: boolean): Promise<void> => {
          const guessed = own?.toldAt !== undefined
          // A guesser is right in the end: after ten wrong answers only another proof shows that it is the owner.
          const forgets = before.filter(each => (each === own ? !guessed : strong))
          await Promise.all([
            ...forgets.map(({ id }) => kept.take(id)),
            ...(guessed ? [count(account, factor, -1)] : []),
          ])
        },
      }
    },
    /** The factors that are closed. */
    closed: async (account: string) =>
      (await of(account)).filter(({ failed }) => failed >= toClose).map(({ factor }) => factor),
    /** Has somebody been guessing: are there ten wrong answers in a row to any factor? */
    many: async (account: string) => (await of(account)).some(({ failed }) => failed >= toTell),
    /** Forgets them all: the owner proved themselves another way. */
    forget: async (account: string): Promise<void> => {
      if ((await of(account)).length > 0) await kept.remove({ account })
    },
  }
}
