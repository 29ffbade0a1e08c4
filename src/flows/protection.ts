import { type Account, type Accounts, owned } from '../accounts/account.ts'
import type { Credentials } from '../accounts/credential.ts'
import { type Code, Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Enrolled, Factor } from '../factors/factor.ts'
import { loosened } from '../risk/restrictions.ts'
import type { Risk } from '../risk/weigh.ts'
import { Conflict, retry } from '../store/collection.ts'
import { removable } from './assurance.ts'
import { type Commit, discard, type Wanted } from './committing.ts'
import type { Change, Flow } from './flow-store.ts'
import { loosens } from './policy.ts'
import { authorityOf, provedIn } from './standing.ts'
import type { Visitor } from './visitor.ts'

interface Services {
  factors: readonly Factor[]
  accounts: Pick<Accounts, 'get'>
  credentials: Credentials
  commit: Commit
  risk: Pick<Risk, 'bars'>
  emit: Emit
  now: () => number
}

/** Changes of what protects an account: one at a time, each on the record, and apps told to wait where it lets somebody in more easily. */
export interface Protection {
  /**
   * Gives a flow's account what was enrolled, in the place of `former` if that is told; resolves to the account's
   * security stamp from then on. Throws `already_enrolled`, or `conflict` when another change came first or a new address has an account.
   */
  enrol(
    flow: Flow,
    factor: Factor,
    enrolled: Enrolled<unknown>,
    former: string | undefined,
    visitor: Visitor,
  ): Promise<number | undefined>
  /** Throws what `change` would throw. */
  check(account: string, change: Change): Promise<void>
  /** Makes a change. Throws `not_found`, `not_offered`, `conflict`, `last_factor` for what guards an account alone, or `shuts_out`. */
  change(account: Account, change: Exclude<Change, { does: 'close' | 'export' }>, visitor: Visitor): Promise<void>
}

/** Makes what changes protection. */
export function protection({ factors, accounts, credentials, commit, risk, emit, now }: Services): Protection {
  const find = async (account: string, id: string) => {
    const held = await credentials.of(account)
    const credential = held.find(each => each.id === id)
    const factor = factors.find(each => each.id === credential?.factor)
    if (!credential || !factor) throw new Problem('not_found')
    const each = held.flatMap(({ factor: name }) => factors.filter(({ id }) => id === name))
    return { credential, factor, removable: removable(each, factor) }
  }

  /** Commits a change to the account as it was read. Throws `conflict` when another change came first, or a new address has an account. */
  const committed = async (owner: Account, wanted: Wanted, visitor: Visitor): Promise<Account> => {
    const changed = await commit(owner, wanted, visitor).catch(taken('conflict'))
    if (!changed) throw new Problem('conflict')
    return changed
  }

  /** Replaces settings that no sign-in under way depends on, whichever changes come first. */
  const set = async ({ id }: Account, wanted: Omit<Wanted, 'quiet'>, visitor: Visitor): Promise<void> => {
    await retry(async () => {
      const owner = await accounts.get(id)
      if (!owned(owner)) throw new Problem('conflict')
      return commit(owner, { ...wanted, quiet: true }, visitor)
    })
  }

  const check: Protection['check'] = async (account, change) => {
    if (!('credential' in change)) return
    const { removable } = await find(account, change.credential)
    if (change.does !== 'remove') return
    if (removable === 'last') throw new Problem('last_factor')
    if (removable === 'never') throw new Problem('not_offered')
  }

  /** Makes rules of the owner's own. Throws `shuts_out` where they would keep out whoever makes them. */
  const restrict = async (after: Account, before: Account, visitor: Visitor): Promise<void> => {
    if ((await risk.bars(after, visitor)).length > 0) throw new Problem('shuts_out')
    const restrictions = Object.keys(after.restrictions ?? {}).length > 0 ? after.restrictions : undefined
    const loosens = loosened(before.restrictions ?? {}, restrictions ?? {})
    const events = [{ name: 'restrictions.changed' as const, data: { account: after.id } }]
    await committed(before, { settings: { restrictions }, fields: { ruledAt: now() }, loosens, events }, visitor)
  }

  return {
    enrol: async (flow, factor, enrolled, former, visitor) => {
      const { account, securityStamp, purpose, within } = flow
      const session = flow.session ?? within
      if (account === undefined) throw new Problem('attempt_expired')
      const owner = await accounts.get(account)
      if (!owned(owner) || owner.securityStamp !== securityStamp) throw new Problem('conflict')
      // It comes into force by the commit, in the same write that puts the former one out of force.
      const addedUnder = authorityOf(flow, factors, now())
      const credential = await credentials
        .add({ account, factor: factor.id, ...enrolled, addedUnder })
        .catch(taken('already_enrolled'))
      const what = { account, factor: factor.id, credential }
      const did = former === undefined ? 'added' : 'replaced'
      const proved = provedIn(flow, factors)
      const begins = purpose === 'sign-up' || purpose === 'recover'
      const wanted: Wanted = {
        came: [credential],
        went: former === undefined ? [] : [former],
        fields: factor.verifiedContact?.(enrolled.secret) ?? {},
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
    check,
    change: async (owner, change, visitor) => {
      const { id: account } = owner
      await check(account, change)
      if (change.does === 'phrase') {
        const events = [{ name: 'phrase.changed' as const, data: { account } }]
        return set(owner, { settings: { antiPhishingPhrase: change.to || undefined }, events }, visitor)
      }
      if (change.does === 'restrict') return restrict({ ...owner, restrictions: change.to }, owner, visitor)
      if (change.does === 'travel') {
        const events = [{ name: 'travel.changed' as const, data: { account } }]
        return set(owner, { settings: { travel: change.to }, fields: { ruledAt: now() }, events }, visitor)
      }
      if (change.does === 'texts') {
        const events = [{ name: 'texts.changed' as const, data: { account, on: change.on } }]
        return set(owner, { settings: { smsAlerts: change.on || undefined }, events }, visitor)
      }
      const { credential, factor } = await find(account, change.credential)
      const what = { account, factor: factor.id, credential: credential.id }
      if (change.does === 'rename') {
        await credentials.rename(credential.id, change.to)
        return emit('factor.renamed', what, visitor)
      }
      if (change.does === 'prefer') {
        await credentials.prefer(credential.id)
        return emit('factor.preferred', what, visitor)
      }
      // What it vouched for goes with it: the account's number, say.
      const vouched = Object.keys(factor.verifiedContact?.(credential.secret) ?? {}).map(name => [name, undefined])
      const events = [{ name: 'factor.removed' as const, data: what }]
      // Of two changes at once, one is committed: nobody removes the last two factors, each for the sake of the other.
      await committed(
        owner,
        { went: [credential.id], fields: Object.fromEntries(vouched), loosens: true, events },
        visitor,
      )
    },
  }
}

/** What a Conflict of the store means here. */
function taken(code: Code): (fault: unknown) => never {
  return fault => {
    throw fault instanceof Conflict ? new Problem(code) : fault
  }
}
