import { type Account, owned } from '../accounts/account.ts'
import { type Code, Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import type { Enrolled, Factor } from '../factors/factor.ts'
import { Conflict } from '../store/collection.ts'
import { guards, loosens } from './assurance.ts'
import { type Commit, discard, type Wanted } from './committing.ts'
import type { FlowServices } from './flow-services.ts'
import type { Flow } from './flow-store.ts'
import { authorityOf, provedIn } from './standing.ts'

type Services = Pick<FlowServices, 'factors' | 'accounts' | 'credentials' | 'now'> & { commit: Commit }

export type Protection = ReturnType<typeof protection>

/** Enrols factors for accounts that exist: one change of an account at a time, each on the record, and apps told to wait where it lets somebody in more easily. */
export function protection({ factors, accounts, credentials, commit, now }: Services) {
  /** Commits a change to the account as it was read. Throws `conflict` when another change came first, or a new address has an account. */
  const committed = async (owner: Account, wanted: Wanted, visitor: Visitor): Promise<Account> => {
    const changed = await commit(owner, wanted, visitor).catch(taken('conflict'))
    if (!changed) throw new Problem('conflict')
    return changed
  }

  return {
    /**
     * Gives a flow's account what was enrolled, in the place of `former` if that is told; resolves to the account's
     * security stamp from then on. Throws `already_enrolled`, or `conflict` when another change came first or a new address has an account.
     */
    enrol: async (
      flow: Flow,
      factor: Factor,
      enrolled: Enrolled<unknown>,
      former: string | undefined,
      visitor: Visitor,
    ): Promise<number | undefined> => {
      const { account, securityStamp, purpose, within } = flow
      const session = flow.session ?? within
      if (account === undefined) throw new Problem('attempt_expired')
      const owner = await accounts.get(account)
      if (!owned(owner) || owner.lock || owner.securityStamp !== securityStamp) throw new Problem('conflict')
      // It comes into force by the commit, in the same write that puts the former one out of force.
      const addedUnder = authorityOf(flow, factors, now())
      const credential = await credentials
        .add({ account, factor: factor.id, ...enrolled, addedUnder })
        .catch(taken('already_enrolled'))
      const what = { account, factor: factor.id, credential }
      const did = former === undefined ? 'added' : 'replaced'
      const proved = provedIn(flow, factors)
      const begins = purpose === 'sign-up' || purpose === 'recover'
      const contact = factor.verifiedContact?.(enrolled.secret) ?? {}
      const wanted: Wanted = {
        came: [credential],
        went: former === undefined ? [] : [former],
        fields: {
          ...contact,
          ...('email' in contact && { emailUnproved: undefined }),
          ...(guards(factor) && { unguarded: undefined }),
        },
        loosens: loosens(did, factor, { purpose, proved }),
        always: purpose === 'reset',
        // What goes along with a beginning is told of with it.
        events:
          former === undefined
            ? [{ name: begins ? 'factor.enrolled' : 'factor.added', data: what }]
            : [{ name: 'factor.replaced', data: { ...what, former } }],
      }
      try {
        return (await committed(owner, wanted, { ...visitor, session: session ?? visitor.session })).securityStamp
      } catch (fault) {
        if (fault instanceof Problem && fault.code === 'conflict') await discard(credentials, [credential])
        throw fault
      }
    },
  }
}

/** What a Conflict of the store means here. */
function taken(code: Code): (fault: unknown) => never {
  return fault => {
    throw fault instanceof Conflict ? new Problem(code) : fault
  }
}
