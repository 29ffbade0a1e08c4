import { z } from 'zod'
import { allOf, claim, declare, type Store } from '../store/collection.ts'

/** What staff may do: `support` decides recovery cases. */
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

export type Roles = ReturnType<typeof roles>

/** Keeps the roles of accounts. No page gives one: the operator does, at the command line. */
export function roles({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(rolesDeclaration)
  const key = (account: string, role: Role) => `${account}.${role}`
  return {
    has: async (account: string, role: Role) => (await kept.get(key(account, role))) !== undefined,
    /** Gives an account a role; false when it has it already. */
    give: (account: string, role: Role) => claim(kept, { id: key(account, role), account, role, since: now() }),
    /** Takes a role away, from the next request on; false when the account has none. */
    take: async (account: string, role: Role) => (await kept.take(key(account, role))) !== undefined,
    /** Lists everybody who has a role. */
    of: (role: Role) => allOf(kept, { role }),
  }
}
