import { z } from 'zod'
import { claim, declare, type Store } from '../store/collection.ts'
import { allOf } from '../store/whole-lists.ts'

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
export interface Roles {
  has(account: string, role: Role): Promise<boolean>
  /** False when it has it already. */
  give(account: string, role: Role): Promise<boolean>
  /** From the next request on; false when it has none. */
  take(account: string, role: Role): Promise<boolean>
  /** All who hold it, up to a thousand. */
  of(role: Role): Promise<{ account: string; since: number }[]>
}

/** The roles in this store. */
export function roles({ store, now }: { store: Store; now: () => number }): Roles {
  const kept = store.collection(rolesDeclaration)
  const key = (account: string, role: Role) => `${account}.${role}`
  return {
    has: async (account, role) => (await kept.get(key(account, role))) !== undefined,
    give: (account, role) => claim(kept, { id: key(account, role), account, role, since: now() }),
    take: async (account, role) => (await kept.take(key(account, role))) !== undefined,
    of: role => allOf(kept, { role }),
  }
}
