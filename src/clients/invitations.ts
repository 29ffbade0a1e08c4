import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { token } from '../crypto/random.ts'
import { declare, pageOf, type Store, update } from '../store/collection.ts'

const shape = z.object({
  /** The digest of the token, which nobody can read again. */
  id: z.string(),
  policy: z.string(),
  /** How many clients may still register with it. */
  uses: z.number(),
  /** How many there were at first. */
  of: z.number().optional(),
  madeAt: z.number().optional(),
  /** The account of the member of staff who made it, or the client id of the program; neither where the operator did. */
  staff: z.string().optional(),
  client: z.string().optional(),
  /** Until when it is valid. */
  until: z.number(),
  revokedAt: z.number().optional(),
  /** Until when it is listed. */
  expiresAt: z.number(),
})
export type Invitation = z.output<typeof shape>

export const invitationStates = ['open', 'used-up', 'expired', 'revoked'] as const
export type InvitationState = (typeof invitationStates)[number]

const declaration = declare({ name: 'invitations', shape, indexes: ['expiresAt'] })

/** How long an invitation is listed once it is not valid any more: who shows it then is told apart from who makes one up. */
const listed = 30 * 24 * 3_600_000
const page = 50

export type Invitations = ReturnType<typeof invitations>

/** Keeps initial access tokens (RFC 7591, 3), each as its digest: with one of them so many clients may register under a policy. */
export function invitations({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(declaration)
  const stateOf = ({ uses, until, revokedAt }: Invitation): InvitationState => {
    if (revokedAt !== undefined) return 'revoked'
    if (until <= now()) return 'expired'
    return uses > 0 ? 'open' : 'used-up'
  }

  return {
    get: kept.get,
    stateOf,
    /** Resolves to a new bearer value, which nobody can read again, and the invitation. */
    invite: async (
      wish: Pick<Invitation, 'policy' | 'uses' | 'until' | 'staff' | 'client'>,
    ): Promise<{ bearer: string; invitation: Invitation }> => {
      const bearer = token()
      const { uses: of, until } = wish
      const invitation = { ...wish, id: sha256(bearer, 'hex'), of, madeAt: now(), expiresAt: until + listed }
      await kept.insert(invitation)
      return { bearer, invitation }
    },
    /** Resolves to the invitation of a bearer value, whatever became of it. */
    find: (bearer: string): Promise<Invitation | undefined> => kept.get(sha256(bearer, 'hex')),
    /** Takes one use; of many requests at once, as many succeed as there are uses. */
    spend: async (id: string): Promise<boolean> => {
      let open = false
      await update(kept, id, 'uses', found => {
        open = stateOf(found) === 'open'
        return open ? { uses: found.uses - 1 } : undefined
      })
      return open
    },
    /** Resolves to a page of invitations, whatever became of them: those that are valid longest come first. Throws `not_found` for an `after` that is gone. */
    list: (after?: string) => pageOf(kept, {}, { sort: { by: 'expiresAt', descending: true }, limit: page, after }),
    /** Takes back one that is open: who is registering with it at this moment is refused. False where there is none. */
    revoke: async (id: string): Promise<boolean> => {
      let open = false
      await update(kept, id, 'uses', found => {
        open = stateOf(found) === 'open'
        return open ? { uses: 0, revokedAt: now() } : undefined
      })
      return open
    },
  }
}
