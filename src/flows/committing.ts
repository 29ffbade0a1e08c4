import type { Account, AccountChange, Setting } from '../accounts/account.ts'
import type { Announced } from '../accounts/announcement.ts'
import { regret } from '../accounts/credential.ts'
import { id } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import { Conflict } from '../store/collection.ts'
import type { FlowServices } from './flow-services.ts'

/** Most changes of one account within the time in which they can be undone. Undoing is not limited. */
const most = 100

/** One change of what protects an account. */
export interface Wanted {
  /** The credentials that come into force, and those that go out of force. */
  came?: readonly string[]
  went?: readonly string[]
  /** Settings to replace; a key whose value is undefined unsets one. */
  settings?: Partial<Pick<Account, Setting>>
  fields?: Partial<Account>
  /** It becomes easier to get in: apps are told to wait. */
  loosens?: boolean
  /** Leaves the security stamp as it is: no sign-in under way depends on what changes. */
  quiet?: boolean
  /** It is not limited by how much was changed already: a thief must not be able to delay a recovery or a reset. */
  always?: boolean
  /** This undoes earlier changes: the history as it will be. It cannot be undone itself. */
  history?: readonly AccountChange[]
  /** What is recorded and told of it, in this order. */
  events: readonly Announced[]
}

type Services = Pick<
  FlowServices,
  'accounts' | 'credentials' | 'announcements' | 'addresses' | 'hold' | 'onFault' | 'now'
>

export type Commit = ReturnType<typeof committing>

/**
 * Changes what protects an account, in one write to the account as `owner` was read; resolves to undefined when another change came
 * first. What is to be said of it is stored before and said afterwards: to the audit log first, then to the owner. Throws Conflict when
 * a new email has an account, or had one lately; `slow_down`.
 */
export function committing(services: Services) {
  const { accounts, credentials, announcements, addresses, hold, onFault, now } = services

  /**
   * Claims an address before the account gets it, and reserves one before the account gives it up: whichever of this and somebody
   * else's claim of the same address comes first, the other is refused. What an undo takes away is not reserved: it is a stranger's.
   */
  const move = async ({ id: account, email, phone }: Account, { fields = {}, history }: Wanted): Promise<void> => {
    if (fields.email !== undefined && fields.email !== email) {
      if (!history) {
        await addresses.reserve(email, account)
        await addresses.note(account, { kind: 'email', address: email })
      }
      await addresses.claim(fields.email, account)
    }
    if (phone !== undefined && 'phone' in fields && fields.phone !== phone && !history)
      await addresses.note(account, { kind: 'phone', address: phone })
  }

  return async (owner: Account, wanted: Wanted, { session, ...visitor }: Visitor): Promise<Account | undefined> => {
    const {
      came = [],
      went = [],
      settings = {},
      fields,
      loosens = false,
      quiet = false,
      always = false,
      history,
      events,
    } = wanted
    const at = now()
    const account = owner.id
    const lately = (history ?? owner.changes ?? []).filter(each => each.at > at - regret)
    if (!history && !always && lately.length >= most) throw new Problem('slow_down', { retryAfter: 24 * 3600 })
    const replaced = (Object.keys(settings) as Setting[]).filter(() => history === undefined)
    const was = Object.fromEntries(replaced.flatMap(name => (owner[name] === undefined ? [] : [[name, owner[name]]])))
    // No session survives an undo.
    const by: { undo?: true; undid?: string[]; device?: string; session?: string } = history
      ? { undo: true, undid: (owner.changes ?? []).filter(each => !history.includes(each)).map(each => each.id) }
      : { device: visitor.device, ...(session !== undefined && { session }) }
    const change: AccountChange = { id: id(), at, ...by, came: [...came], went: [...went], replaced, was }
    const holds = [...(owner.holds ?? []).filter(each => !went.includes(each) && !came.includes(each)), ...came]
    // A hold that lasts longer already is not cut short.
    const until = Math.max(at + hold, owner.holdUntil ?? 0)
    const onHold = loosens && hold > 0
    const changes = {
      ...{ ...fields, ...settings, holds, changes: [...lately, change], updatedAt: at },
      ...(onHold && { holdUntil: until }),
    }
    const announcement = {
      ...{ id: change.id, account },
      events: [...events, ...(onHold ? [{ name: 'hold.started' as const, data: { account, until } }] : [])],
      origin: { ...visitor, ...(session !== undefined && { session }), change: change.id },
    }
    await move(owner, wanted)
    await announcements.prepare(announcement)
    const changed = await accounts.amend(owner, changes, { stamps: !quiet, session: by.session }).catch(async fault => {
      // Any other fault may have come after the write: the sweep finds out, and says what is true.
      if (fault instanceof Conflict) await announcements.drop(change.id)
      throw fault
    })
    if (!changed) {
      await announcements.drop(change.id)
      return undefined
    }
    await announcements.tell(announcement)
    await credentials.tidy(account).catch(onFault)
    return changed
  }
}

/** Removes credentials that a change would have put in force, once it is certain that it did not. */
export async function discard(
  credentials: Pick<FlowServices['credentials'], 'remove'>,
  added: readonly string[],
): Promise<void> {
  for (const each of added) await credentials.remove(each)
}
