import type { Waiting } from '../account-recovery/case-news.ts'
import type { Account } from '../accounts/account.ts'
import type { AdminScope, Roles } from '../accounts/role.ts'
import { Problem } from '../errors.ts'
import { every, type Store } from '../store/collection.ts'
import type { Operation, Operator } from './operation.ts'
import { confirming, type Proposal, proposalsDeclaration } from './proposals.ts'

interface Services {
  store: Store
  roles: Pick<Roles, 'scopes'>
}

/** Runs a test; false where it throws a Problem. */
async function passes(test: () => Promise<boolean>): Promise<boolean> {
  try {
    return await test()
  } catch (fault) {
    if (fault instanceof Problem) return false
    throw fault
  }
}

/** Returns what lists the proposals that can be confirmed, with whose word would do it: those who are told of them. */
export function proposalNews(
  { store, roles }: Services,
  declared: (id: string) => Operation,
  second: (found: Proposal, scope: AdminScope, by: Operator) => Promise<string>,
) {
  const kept = store.collection(proposalsDeclaration)

  /** Tells whether what a proposal wants to do can still be done. */
  const possible = ({ operation, args, seen }: Proposal) =>
    passes(async () => {
      const { check, args: shape } = declared(operation)
      const { data } = shape.safeParse(JSON.parse(args))
      if (!data) return false
      const found = await check?.(data)
      return typeof found !== 'number' || found === seen
    })
  /** Tells whether this one of the staff could confirm a proposal. */
  const couldConfirm = (found: Proposal, staff: Account) =>
    passes(async () => {
      const scopes = await roles.scopes(staff.id)
      const { scope } = declared(found.operation)
      if (!scopes.has(confirming) || !scopes.has(scope)) return false
      await second(found, scope, { staff, scopes, origin: {} })
      return true
    })

  return async (): Promise<Waiting[]> => {
    const found: Waiting[] = []
    for await (const each of every(kept, {})) {
      const helps = (staff: Account) => couldConfirm(each, staff)
      if (await possible(each)) found.push({ mark: `proposal.${each.id}`, at: each.at, helps })
    }
    return found
  }
}
