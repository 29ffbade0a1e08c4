import { z } from 'zod'
import type { Collection, Store } from '../store/collection.ts'
import { declare } from '../store/collection.ts'

/** Rules of an owner's own about who may sign in at all. An absent one keeps nobody out. */
export const restrictionsShape = z.object({
  /** Only devices that they trust. */
  devices: z.boolean().optional(),
  /** Only these CIDR blocks. */
  addresses: z.array(z.string()).optional(),
  /** Only these countries (ISO 3166-1 alpha-2). */
  countries: z.array(z.string()).optional(),
})
export type Restrictions = z.output<typeof restrictionsShape>

/** Where its owner will be, said ahead: nobody is held there for the place alone. */
export const travelShape = z.object({
  /** ISO 3166-1 alpha-2. */
  country: z.string(),
  until: z.number(),
})
export type Travel = z.output<typeof travelShape>

const shape = z.object({
  id: z.string(),
  /** As it is looked up: trimmed and in lower case. */
  email: z.string(),
  /** Proved by a code; E.164. */
  phone: z.string().optional(),
  /** BCP 47. */
  locale: z.string(),
  /** `closing`: its owner wants it gone, and may yet change their mind. `closed`: it is being removed, and nobody's any more. */
  status: z.enum(['active', 'closing', 'closed']),
  /** When what closes is removed, and what is being removed may be taken over from whoever does it, in milliseconds. */
  closesAt: z.number().optional(),
  /** Rises with each change of what protects the account: a sign-in that began before one ends with it. */
  guard: z.number().optional(),
  /** Its protection was loosened: until then (milliseconds) apps are told to wait with what cannot be undone. */
  holdUntil: z.number().optional(),
  /** The owner's own words, by which they know a mail of ours. */
  phrase: z.string().optional(),
  /** They want to be texted of what is done to their account, too. */
  texts: z.boolean().optional(),
  restrictions: restrictionsShape.optional(),
  travel: travelShape.optional(),
  /** When restrictions or travel were last changed. */
  ruledAt: z.number().optional(),
  createdAt: z.number(),
  updatedAt: z.number(),
})

/** A person, as Latchkey knows them. Its email is proved: an account begins when its second factor is enrolled. */
export type Account = z.output<typeof shape>

export const accountsDeclaration = declare({ name: 'accounts', shape, unique: ['email'], indexes: ['closesAt'] })

/** May its owner do anything with it? One that closes opens to nothing but a change of mind. */
export function active(account: Account | undefined): account is Account {
  return account?.status === 'active'
}

/** Is it somebody's? One that closes still is: they can prove it, and are told of what is done to it. */
export function owned(account: Account | undefined): account is Account {
  return account !== undefined && account.status !== 'closed'
}

/** The accounts in this store. */
export function accounts(store: Store): Accounts {
  const kept: Collection<Account> = store.collection(accountsDeclaration)
  return {
    get: id => kept.get(id),
    byEmail: async email => (await kept.find({ email }, { limit: 1 }))[0],
    insert: account => kept.insert(account),
    patch: (id, changes, when) => kept.patch(id, changes, when),
    guarded: (id, guard, changes) =>
      kept.patch(id, { ...changes, guard: (guard ?? 0) + 1 }, { guard, status: { in: ['active', 'closing'] } }),
    due: at => kept.find({ closesAt: { lt: at + 1 } }, { sort: { by: 'closesAt' } }),
  }
}

export interface Accounts {
  get(id: string): Promise<Account | undefined>
  byEmail(email: string): Promise<Account | undefined>
  /** Throws Conflict when the email has an account. */
  insert(account: Account): Promise<void>
  patch(id: string, changes: Partial<Account>, when?: Partial<Account>): Promise<Account | undefined>
  /** Commits a change of what protects the account; undefined when another came first. Throws Conflict when a new email has an account. */
  guarded(id: string, guard: number | undefined, changes: Partial<Account>): Promise<Account | undefined>
  /** Some of those that are to be removed by now, the longest due first. */
  due(at: number): Promise<Account[]>
}
