import type { Account, Accounts } from '../accounts/account.ts'
import type { Credentials } from '../accounts/credential.ts'
import { type Code, Problem } from '../errors.ts'
import type { Record as RecordEvent } from '../events.ts'
import type { Enrolled, Factor } from '../factors/factor.ts'
import { loosened } from '../risk/restrictions.ts'
import type { Risk } from '../risk/weigh.ts'
import { Conflict } from '../store/collection.ts'
import type { Attempt, Change } from './attempts.ts'
import { loosens, removable } from './policy.ts'
import type { Visitor } from './visitor.ts'

interface Services {
  factors: readonly Factor[]
  accounts: Accounts
  credentials: Credentials
  risk: Pick<Risk, 'bars'>
  record: RecordEvent
  /** How long apps are told to wait once protection was loosened, in milliseconds. */
  hold: number
  now: () => number
}

/** Changes of what protects an account: one at a time, each on the record, and apps told to wait where it lets somebody in more easily. */
export interface Protection {
  /**
   * Gives an attempt's account what was enrolled, in the place of `former` if that is told; resolves to the account's
   * guard from then on. Throws `already_enrolled`, or `conflict` when another change came first or a new address has an account.
   */
  enrol(
    attempt: Attempt,
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
export function protection({ factors, accounts, credentials, risk, record, hold, now }: Services): Protection {
  const find = async (account: string, id: string) => {
    const held = await credentials.of(account)
    const credential = held.find(each => each.id === id)
    const factor = factors.find(each => each.id === credential?.factor)
    if (!credential || !factor) throw new Problem('not_found')
    const each = held.flatMap(({ factor: name }) => factors.filter(({ id }) => id === name))
    return { credential, factor, removable: removable(each, factor) }
  }

  type Changes = Partial<Account> & { loosens: boolean }

  const commit = async (
    account: string,
    guard: number | undefined,
    { loosens, ...changes }: Changes,
    visitor: Visitor,
  ) => {
    const at = now()
    // A hold that lasts longer already is not cut short.
    const until = Math.max(at + hold, (await accounts.get(account))?.holdUntil ?? 0)
    const held = loosens && hold > 0 && { holdUntil: until }
    const changed = await accounts
      .guarded(account, guard, { ...changes, ...held, updatedAt: at })
      .catch(taken('conflict'))
    if (!changed) throw new Problem('conflict')
    if (held) await record('hold.started', { account, until }, visitor)
    return changed.guard
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
    await commit(after.id, before.guard, { restrictions, ruledAt: now(), loosens }, visitor)
    await record('restrictions.changed', { account: after.id }, visitor)
  }

  return {
    enrol: async (attempt, factor, enrolled, former, visitor) => {
      const { account, guard, purpose } = attempt
      if (account === undefined) throw new Problem('attempt_expired')
      const credential = await credentials
        .add({ account, factor: factor.id, ...enrolled })
        .catch(taken('already_enrolled'))
      const what = { account, factor: factor.id, credential }
      const did = former === undefined ? 'added' : 'replaced'
      const proved = factors.filter(each => attempt.proved.includes(each.id))
      const changes = { ...factor.vouches?.(enrolled.secret), loosens: loosens(did, factor, { purpose, proved }) }
      try {
        const next = await commit(account, guard, changes, visitor)
        // What goes along with a beginning is told of with it.
        const begins = purpose === 'sign-up' || purpose === 'recover'
        if (former === undefined) await record(begins ? 'factor.enrolled' : 'factor.added', what, visitor)
        else {
          await credentials.retire(former)
          await record('factor.replaced', { ...what, former }, visitor)
        }
        return next
      } catch (fault) {
        if (fault instanceof Problem && fault.code === 'conflict') await credentials.remove(credential)
        throw fault
      }
    },
    check,
    change: async (owner, change, visitor) => {
      const { id: account, guard } = owner
      await check(account, change)
      if (change.does === 'phrase') {
        await accounts.patch(account, { phrase: change.to || undefined, updatedAt: now() })
        return record('phrase.changed', { account }, visitor)
      }
      if (change.does === 'restrict') return restrict({ ...owner, restrictions: change.to }, owner, visitor)
      if (change.does === 'travel') {
        await accounts.patch(account, { travel: change.to, ruledAt: now(), updatedAt: now() })
        return record('travel.changed', { account }, visitor)
      }
      if (change.does === 'texts') {
        await accounts.patch(account, { texts: change.on || undefined, updatedAt: now() })
        return record('texts.changed', { account, on: change.on }, visitor)
      }
      const { credential, factor } = await find(account, change.credential)
      const what = { account, factor: factor.id, credential: credential.id }
      if (change.does === 'rename') {
        await credentials.rename(credential.id, change.to)
        return record('factor.renamed', what, visitor)
      }
      if (change.does === 'prefer') {
        await credentials.prefer(credential.id)
        return record('factor.preferred', what, visitor)
      }
      // What it vouched for goes with it: the account's number, say.
      const vouched = Object.keys(factor.vouches?.(credential.secret) ?? {}).map(name => [name, undefined])
      // Out of use before it is committed: of two that remove one each, the second sees that the first is gone.
      await credentials.retire(credential.id)
      try {
        await commit(account, guard, { ...Object.fromEntries(vouched), loosens: true }, visitor)
      } catch (fault) {
        await credentials.restore(credential.id)
        throw fault
      }
      await record('factor.removed', what, visitor)
    },
  }
}

/** What a Conflict of the store means here. */
function taken(code: Code): (fault: unknown) => never {
  return fault => {
    throw fault instanceof Conflict ? new Problem(code) : fault
  }
}
