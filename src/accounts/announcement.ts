import { z } from 'zod'
import type { Emit, EventData, EventName, Origin } from '../events.ts'
import { declare, every, type Store } from '../store/collection.ts'
import { type AccountChange, accountsDeclaration } from './account.ts'
import { type Credentials, regret } from './credential.ts'

/** How old what is to be said of a change must be before another process looks at it, in milliseconds. */
const patience = 60_000
/** How long a process may take to say one thing before another takes its place, in milliseconds. */
const turn = 2 * patience
/** After this long a change that is not on its account never will be, in milliseconds. */
const abandoned = 61 * 60_000

const shape = z.object({
  /** The id of the change, as its account lists it; or the account's own, of its beginning. */
  id: z.string(),
  account: z.string(),
  /** `waiting` until all of it is on the record; `told` until what the change took out of force can no longer be put back. */
  state: z.enum(['waiting', 'told']),
  events: z.array(z.object({ name: z.string(), data: z.record(z.string(), z.unknown()) })),
  origin: z.object({
    address: z.string().optional(),
    agent: z.string().optional(),
    device: z.string().optional(),
    session: z.string().optional(),
    change: z.string().optional(),
  }),
  at: z.number(),
  lease: z.number().optional(),
})

export const announcementsDeclaration = declare({
  name: 'announcements',
  shape,
  indexes: [['state', 'at'], 'account'],
})

/** One event that a change brings with it. */
export type Announced = { [N in EventName]: { name: N; data: EventData<N> } }[EventName]

/** What is to be written down and told of one change of an account. */
interface Announcement {
  id: string
  account: string
  events: readonly Announced[]
  origin: Origin
}

interface Services {
  store: Store
  credentials: Pick<Credentials, 'tidy'>
  emit: Emit
  onFault: (fault: unknown) => void
  now: () => number
}

export type Announcements = ReturnType<typeof announcements>

/**
 * Announces changes. What is to be said is stored before the change is committed: whatever fails afterwards, a committed change gets into
 * the audit log and its owner hears of it, and nobody hears of one that was not committed.
 */
export function announcements({ store, credentials, emit, onFault, now }: Services) {
  const kept = store.collection(announcementsDeclaration)
  const accounts = store.collection(accountsDeclaration)

  const say = async ({ id, events, origin }: Announcement): Promise<void> => {
    for (let left = [...events]; left.length > 0; ) {
      const [{ name, data }, ...rest] = left as [Announced, ...Announced[]]
      await emit(name, data as never, origin)
      left = rest
      // What was announced is not announced again when the rest fails.
      await kept.patch(
        id,
        left.length > 0 ? { events: left, lease: now() + turn } : { events: [], state: 'told', lease: undefined },
      )
    }
  }

  /** Takes one on that another process left; false when somebody else did. */
  const claimed = async ({ id, lease }: z.output<typeof shape>): Promise<boolean> =>
    (lease ?? 0) <= now() && (await kept.patch(id, { lease: now() + turn }, { lease, state: 'waiting' })) !== undefined

  const late = async (each: z.output<typeof shape>): Promise<void> => {
    const owner = await accounts.get(each.account)
    if (owner && (owner.id === each.id || owner.changes?.some(change => committed(change, each.id)))) {
      if (await claimed(each)) await say(each as Announcement)
    } else if (each.at <= now() - abandoned) await settle(each)
  }

  /** Forgets what a change was, and removes what it took out of force. */
  const settle = async ({ id, account }: z.output<typeof shape>): Promise<void> => {
    const owner = await accounts.get(account)
    const changes = owner?.changes?.filter(({ at }) => at > now() - regret)
    if (owner && changes?.length !== owner.changes?.length) {
      const edits = (owner.edits ?? 0) + 1
      await accounts.patch(account, { changes, edits }, { edits: owner.edits })
    }
    await credentials.tidy(account)
    await kept.take(id)
  }

  return {
    /** Stores what will be said if the change is committed. */
    prepare: ({ id, account, events, origin }: Announcement) =>
      kept.put({ id, account, state: 'waiting', events: [...events], origin, at: now(), lease: now() + turn }),
    /** Says it. What cannot be said now is said by a later `sweep`, so this never throws. */
    tell: (announcement: Announcement) => say(announcement).catch(onFault),
    /** Forgets a change that was not committed. */
    drop: async (id: string): Promise<void> => {
      await kept.take(id).catch(onFault)
    },
    /** Says what processes that failed did not, and tidies up after changes that can no longer be undone. */
    sweep: async (): Promise<void> => {
      const waiting = { state: 'waiting', at: { lt: now() - patience } } as const
      for await (const each of every(kept, waiting)) await late(each).catch(onFault)
      const told = { state: 'told', at: { lt: now() - regret } } as const
      for await (const each of every(kept, told)) await settle(each).catch(onFault)
    },
  }
}

/** Tells from one change of an account whether the change of this id was committed: it is the same, or this one undid it before it was said. */
function committed({ id, undid = [] }: AccountChange, own: string): boolean {
  return id === own || undid.includes(own)
}
