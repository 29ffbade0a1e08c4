import { Problem } from '../errors.ts'
import { type EventName, events } from '../events.ts'
import { staffEvents } from '../staff-events.ts'
import { type Collection, pageOf, type Store } from '../store/collection.ts'
import type { Entry } from './chain.ts'
import { type Leaf, leaves, placed, places } from './ledger.ts'

/** What people look for in their log. */
export const kinds = ['sign-in', 'security', 'apps', 'account'] as const
export type Kind = (typeof kinds)[number]

/** Entries on one page, unless fewer are asked for. */
const most = 50

/** Which part of a person's log; times in milliseconds since the epoch. */
export interface Part {
  kind?: Kind | undefined
  from?: number | undefined
  /** Up to, but not including. */
  until?: number | undefined
}

interface Asked extends Pick<Part, 'from' | 'until'> {
  /** The names of events. */
  name?: string | { in: readonly string[] } | undefined
}

export type Activity = ReturnType<typeof activity>

/** Reads the audit log as the person whom it is about. */
export function activity({ store }: { store: Store }) {
  const about = concerning(store)

  /** Returns a page of what concerns an account, newest first. `after` is the `older` of the page before; throws Problem `not_found`. */
  const page = async (account: string, { kind, ...time }: Part, after?: string, limit?: number) => {
    const asked = { ...time, ...(kind && { name: { in: named[kind] } }) }
    const { entries, next } = await about(account, asked, after, limit)
    return { entries: entries.map(forOwner), older: next }
  }

  return {
    page,
    /** Reads everything that the audit log has about an account, newest first. */
    async *all(account: string, part: Part): AsyncGenerator<Entry> {
      for (let after: string | undefined; ; ) {
        const { entries, older } = await page(account, part, after)
        yield* entries
        if (older === undefined) return
        after = older
      }
    },
  }
}

/** Returns a function that reads a page of what the audit log has about an account, newest first. It throws Problem `not_found` for an `after` that is not of this account. */
export function concerning(store: Store) {
  const book = store.collection(leaves)
  const index = store.collection(places)
  return async (account: string, { from, until, name }: Asked, after?: string, limit = most) => {
    if (after !== undefined && (await index.get(after))?.account !== account) throw new Problem('not_found')
    const at = { ...(from !== undefined && { gte: from }), ...(until !== undefined && { lt: until }) }
    const where = { account, ...(Object.keys(at).length > 0 && { at }), ...(name !== undefined && { name }) }
    const { page, next } = await pageOf(index, where, { sort: { by: 'at', descending: true }, limit, after })
    const ids = page.map(({ id }) => id)
    return { entries: await entriesAt(book, ids), next }
  }
}

/** Returns the entries at these places, in their order. */
async function entriesAt(book: Pick<Collection<Leaf>, 'find'>, ids: readonly string[]): Promise<Entry[]> {
  const keys = [...new Set(ids.map(id => placed(id).key))]
  if (keys.length === 0) return []
  const found = await book.find({ key: { in: keys } }, { limit: keys.length })
  const byKey = new Map(found.map(leaf => [leaf.key, leaf.entries]))
  // A place without its leaf: the act failed, because it could not be written down.
  return ids.flatMap(id => byKey.get(placed(id).key)?.[placed(id).line] ?? [])
}

const staffNames = new Set(Object.keys(staffEvents))

/** An entry as its owner may see it: which of the staff it was, and the reason that they gave, is for the staff to know. */
function forOwner({ data: { staff: _, reason, ...data }, name, ...entry }: Entry): Entry {
  const ours = staffNames.has(name)
  return { ...entry, name, data: ours || reason === undefined ? data : { ...data, reason } }
}

const things = new Map<string, Kind>([
  ['account', 'account'],
  ['closing', 'account'],
  ['data', 'account'],
  ['profile', 'account'],
  ['code', 'sign-in'],
  ['session', 'sign-in'],
  ['sign-in', 'sign-in'],
  ['api-key', 'apps'],
  ['approval', 'apps'],
  ['consent', 'apps'],
  ['grant', 'apps'],
  ['request', 'apps'],
  ['logout', 'apps'],
  ['token', 'apps'],
])

/** What kind of event it is. What a factor was asked belongs to signing in; what is done with one, to security. */
export function kindOf(name: string): Kind {
  if (['factor.proved', 'factor.refused', 'factor.throttled', 'factor.guessed', 'factor.closed'].includes(name))
    return 'sign-in'
  return things.get(name.split('.', 1)[0] ?? '') ?? 'security'
}

const named = Object.fromEntries(
  kinds.map(kind => [kind, (Object.keys(events) as EventName[]).filter(name => kindOf(name) === kind)]),
) as Record<Kind, EventName[]>
