import { z } from 'zod'
import { allOf, claim, declare, type Store } from '../store/collection.ts'

/** What an account may do besides being somebody's: `support` judges identity checks. */
export const roleNames = ['support'] as const
export type Role = (typeof roleNames)[number]

const shape = z.object({
  /** The account and the role: one has the other once. */
  id: z.string(),
  account: z.string(),
  role: z.enum(roleNames),
  /** Since when, in milliseconds since the epoch. */
  since: z.number(),
})

export const rolesDeclaration = declare({ name: 'roles', shape, indexes: ['role', 'account'] })

/** Who holds a role. Nobody gets one from a page: the operator gives it at the command line. */
export type Roles = ReturnType<typeof roles>

/** The roles in this store. */
export function roles({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(rolesDeclaration)
  const key = (account: string, role: Role) => `${account}.${role}`
  return {
    has: async (account: string, role: Role) => (await kept.get(key(account, role))) !== undefined,
    /** False when it has it already. */
    give: (account: string, role: Role) => claim(kept, { id: key(account, role), account, role, since: now() }),
    /** From the next request on; false when it has none. */
    take: async (account: string, role: Role) => (await kept.take(key(account, role))) !== undefined,
    /** All who hold it, up to a thousand. */
    of: (role: Role) => allOf(kept, { role }),
  }
}
