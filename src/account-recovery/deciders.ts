import { type Account, type Accounts, active } from '../accounts/account.ts'
import { type AdminScope, decides, type Roles, roleNames } from '../accounts/role.ts'
import { type Case, standing } from './cases.ts'

const deciding: AdminScope = 'admin:recovery.decide'

/** Tells whether a case is a staff member's own: nobody decides theirs, whichever of their addresses it names. */
export function own({ account, email, contact }: Case, staff: Pick<Account, 'id' | 'email'>): boolean {
  return account === staff.id || [email, contact].includes(staff.email)
}

/** Returns why one of the staff may not approve a case; undefined where they may. */
export function barOf(
  found: Case,
  staff: Pick<Account, 'id' | 'email'>,
): 'own_case' | 'own_start' | 'already_decided' | undefined {
  if (own(found, staff)) return 'own_case'
  if (found.startedBy === staff.id) return 'own_start'
  return standing(found).some(each => each.staff === staff.id) ? 'already_decided' : undefined
}

/** Tells who of the staff may decide cases, and whose approvals count. */
export function deciders({
  accounts,
  roles,
}: {
  accounts: Pick<Accounts, 'get'>
  roles: Pick<Roles, 'wordOf' | 'of'>
}) {
  /** Resolves to the member of staff whose word an approval is; undefined for somebody who has left the staff, or whose account is not theirs to use. */
  const wordOf = async (staff: string): Promise<string | undefined> =>
    active(await accounts.get(staff)) ? roles.wordOf(staff, deciding) : undefined
  /** Resolves to whose approvals count for nothing: who started a case in the person's place chose where its link went. */
  const startersOf = async ({ startedBy }: Case): Promise<readonly (string | undefined)[]> =>
    startedBy === undefined ? [] : [startedBy, await wordOf(startedBy)]
  /** Counts the approvals of a case, with those of more staff. Two who are of the staff by the word of one count as one. */
  const approvals = async (found: Case, more: readonly string[] = []): Promise<number> => {
    const staff = [...standing(found).map(each => each.staff), ...more]
    const [starters, ...said] = await Promise.all([startersOf(found), ...staff.map(wordOf)])
    return new Set(said.filter(each => each !== undefined && !starters.includes(each))).size
  }

  return {
    wordOf,
    approvals,
    /** Tells whether an approval of this member of staff would bring a case forward. */
    helps: async (found: Case, staff: Account): Promise<boolean> => {
      if (barOf(found, staff)) return false
      const [now, then] = await Promise.all([approvals(found), approvals(found, [staff.id])])
      return then > now
    },
    /** Lists everybody who decides anything with others, each once. */
    everybody: async (): Promise<Account[]> => {
      const holders = (await Promise.all(roleNames.filter(decides).map(role => roles.of(role)))).flat()
      const found = await Promise.all([...new Set(holders.map(each => each.account))].map(id => accounts.get(id)))
      return found.filter(active)
    },
  }
}
