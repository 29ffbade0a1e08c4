import { z } from 'zod'
import { Problem } from '../errors.ts'
import { allOf, claim, declare, type Store } from '../store/collection.ts'

/** The roles of staff, in rising order of what they may do. */
export const roleNames = ['viewer', 'support', 'security', 'admin'] as const
export type Role = (typeof roleNames)[number]

const read = [
  'admin:overview.read',
  'admin:people.read',
  'admin:recovery.read',
  'admin:audit.read',
  'admin:apps.read',
  'admin:roles.read',
  'admin:keys.read',
  'admin:settings.read',
] as const
const support = [
  /** Staff notes. */
  'admin:people.note',
  /** Ends sessions. */
  'admin:people.sessions',
  /** Opens documents, starts recoveries and decides them. */
  'admin:recovery.decide',
] as const
const security = [
  /** Locks and unlocks, marks as compromised, requires a new password. */
  'admin:people.protect',
  /** Proposes and confirms what takes from a person's protection: two staff are needed. */
  'admin:people.loosen',
  /** Verifies and exports the audit log. */
  'admin:audit.export',
] as const
const admin = [
  /** Exports all that is kept of a person, closes accounts, imports people. */
  'admin:people.write',
  /** Sets attributes and roles that apps are told. */
  'admin:people.claims',
  'admin:apps.write',
  'admin:roles.write',
  'admin:keys.write',
  'admin:webhooks.write',
] as const

/** What staff, and programs that act for the operator, can be allowed to do: the scopes of the admin API, and what its console asks for. */
export const adminScopes = [...read, ...support, ...security, ...admin] as const
export type AdminScope = (typeof adminScopes)[number]

/** What each role may do. */
export const roleScopes: Readonly<Record<Role, readonly AdminScope[]>> = {
  viewer: read,
  support: [...read, ...support],
  security: [...read, ...support, ...security],
  admin: adminScopes,
}

/** What two of the staff decide together, and who is one of the two. */
export const together: readonly AdminScope[] = ['admin:people.loosen', 'admin:recovery.decide', 'admin:roles.write']

/** Tells whether a role makes somebody one of the two who decide: giving it takes two of the staff itself, or one of them could be both. */
export const decides = (role: Role): boolean => roleScopes[role].some(scope => together.includes(scope))

/**
 * Tells whether taking a role from a colleague needs two of the staff: who holds it can stop what others propose, so one alone must not be
 * able to clear them away.
 */
export const takenByTwo = (role: Role): boolean => roleScopes[role].includes('admin:people.loosen')

const shape = z.object({
  /** The account and the role: one has the other once. */
  id: z.string(),
  account: z.string(),
  role: z.enum(roleNames),
  /** Since when, in milliseconds since the epoch. */
  since: z.number(),
  /** The member of staff by whose word alone it was given; absent where the operator or two of the staff gave it. */
  givenBy: z.string().optional(),
})

export const rolesDeclaration = declare({ name: 'roles', shape, indexes: ['role', 'account'] })

export type Roles = ReturnType<typeof roles>

/** Keeps the roles of accounts. The operator gives the first one at the command line; two admins together give others in the console. */
export function roles({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(rolesDeclaration)
  const key = (account: string, role: Role) => `${account}.${role}`
  /** Lists the roles of an account, in rising order. */
  const held = async (account: string): Promise<Role[]> => {
    const found = (await allOf(kept, { account })).map(({ role }) => role)
    return roleNames.filter(each => found.includes(each))
  }
  // Two are enough: at most one of them is this account.
  const two = 2
  const othersOf = async (role: Role, account: string) =>
    (await kept.find({ role }, { limit: two })).filter(each => each.account !== account)

  return {
    has: async (account: string, role: Role) => (await kept.get(key(account, role))) !== undefined,
    held,
    /** Lists what an account may do by its roles; nothing for accounts without one. */
    scopes: async (account: string): Promise<ReadonlySet<AdminScope>> =>
      new Set((await held(account)).flatMap(role => roleScopes[role])),
    /**
     * Resolves to whose word it is when an account decides by this scope: its own, or that of the member of staff who alone gave it the
     * role; undefined where no role of it has the scope. Two accounts with one word are not two of the staff.
     */
    wordOf: async (account: string, scope: AdminScope): Promise<string | undefined> => {
      const deciding = (await allOf(kept, { account })).filter(({ role }) => roleScopes[role].includes(scope))
      return deciding.some(({ givenBy }) => givenBy === undefined) ? account : deciding[0]?.givenBy
    },
    /** Gives an account a role, by the word of `givenBy` alone where that is set; false when it has it already. The operator, or two of the staff, make good what was given by one word. */
    give: async (account: string, role: Role, givenBy?: string): Promise<boolean> => {
      const id = key(account, role)
      if (await claim(kept, { id, account, role, since: now(), ...(givenBy !== undefined && { givenBy }) })) return true
      const found = givenBy === undefined ? await kept.get(id) : undefined
      if (found?.givenBy === undefined) return false
      return (await kept.patch(id, { givenBy: undefined }, { givenBy: found.givenBy })) !== undefined
    },
    /** Takes a role away, from the next request on; false when the account has none. */
    take: async (account: string, role: Role) => (await kept.take(key(account, role))) !== undefined,
    /** Takes a role away unless nobody else has it; false when the account does not have it. Throws `last_admin`. */
    takeUnlessLast: async (account: string, role: Role): Promise<boolean> => {
      if ((await othersOf(role, account)).length === 0) throw new Problem('last_admin')
      const taken = await kept.take(key(account, role))
      // Two who take it from each other at once would both have seen the other: then both get it back.
      if (taken && (await othersOf(role, account)).length === 0) {
        await claim(kept, taken)
        throw new Problem('last_admin')
      }
      return taken !== undefined
    },
    /** Lists everybody who has a role. */
    of: (role: Role) => allOf(kept, { role }),
  }
}
