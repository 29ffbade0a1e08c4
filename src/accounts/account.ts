import { z } from 'zod'
import type { Collection, Store } from '../store/collection.ts'
import { declare } from '../store/collection.ts'

const shape = z.object({
  id: z.string(),
  /** As it is looked up: trimmed and in lower case. */
  email: z.string(),
  /** Proved by a code; E.164. */
  phone: z.string().optional(),
  /** BCP 47. */
  locale: z.string(),
  status: z.enum(['active', 'closed']),
  createdAt: z.number(),
  updatedAt: z.number(),
})

/** A person, as Latchkey knows them. Its email is proved: an account begins when its second factor is enrolled. */
export type Account = z.output<typeof shape>

export const accountsDeclaration = declare({ name: 'accounts', shape, unique: ['email'] })

/** The accounts in this store. */
export function accounts(store: Store): Accounts {
  const kept: Collection<Account> = store.collection(accountsDeclaration)
  return {
    get: id => kept.get(id),
    byEmail: async email => (await kept.find({ email }, { limit: 1 }))[0],
    insert: account => kept.insert(account),
    patch: (id, changes, when) => kept.patch(id, changes, when),
  }
}

export interface Accounts {
  get(id: string): Promise<Account | undefined>
  byEmail(email: string): Promise<Account | undefined>
  /** Throws Conflict when the email has an account. */
  insert(account: Account): Promise<void>
  patch(id: string, changes: Partial<Account>, when?: Partial<Account>): Promise<Account | undefined>
}
