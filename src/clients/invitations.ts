import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { token } from '../crypto/random.ts'
import { declare, type Store, update } from '../store/collection.ts'
import { allOf } from '../store/whole-lists.ts'

const shape = z.object({
  id: z.string(),
  policy: z.string(),
  /** How many may yet register by it. */
  uses: z.number(),
  expiresAt: z.number(),
})
export type Invitation = z.output<typeof shape>

const declaration = declare({ name: 'invitations', shape })

/** Initial access tokens (RFC 7591, 3): what lets so many clients register under a policy. */
export interface Invitations {
  /** Makes one; resolves to its bearer value, which nobody can read again, and what is kept of it. */
  invite(wish: Omit<Invitation, 'id'>): Promise<{ bearer: string; invitation: Invitation }>
  find(bearer: string): Promise<Invitation | undefined>
  /** Takes one use of it: of many at once, as many succeed as there are uses. */
  spend(id: string): Promise<boolean>
  list(): Promise<Invitation[]>
  withdraw(id: string): Promise<boolean>
}

/** Keeps invitations on a store, each under its digest. */
export function invitations(store: Store): Invitations {
  const kept = store.collection(declaration)
  const name = (bearer: string): string => sha256(bearer, 'hex')

  const spend = async (id: string): Promise<boolean> => {
    let left = 0
    await update(kept, id, 'uses', ({ uses }) => {
      left = uses
      return uses > 0 ? { uses: uses - 1 } : undefined
    })
    return left > 0
  }
  return {
    invite: async wish => {
      const bearer = token()
      const invitation = { ...wish, id: name(bearer) }
      await kept.insert(invitation)
      return { bearer, invitation }
    },
    find: async bearer => {
      const found = await kept.get(name(bearer))
      return found && found.uses > 0 ? found : undefined
    },
    spend,
    list: async () => (await allOf(kept, {})).filter(each => each.uses > 0),
    withdraw: async id => (await kept.take(id)) !== undefined,
  }
}
