import { z } from 'zod'
import { allOf, declare, pageOf, retry, type Store } from '../store/collection.ts'
import { type Agent, agentShape } from './device.ts'

const day = 24 * 3_600_000
/** How long a session stays on record after it ended, in milliseconds. */
const remembered = 90 * day
/** The newest sessions of an account that are looked at: enough to tell what is usual, and few enough to do so at every sign-in. */
export const newest = 500

/** What is kept of a session. */
export const sessionShape = z.object({
  /** The browser session's uid. */
  id: z.string(),
  account: z.string(),
  /** The device cookie's digest. */
  device: z.string().optional(),
  /** Where it began. */
  address: z.string(),
  agent: agentShape,
  /** ISO 3166-1 alpha-2. */
  country: z.string().optional(),
  /** In English, where an operator's own file tells it. */
  city: z.string().optional(),
  acr: z.string(),
  amr: z.array(z.string()),
  startedAt: z.number(),
  /** When it was last used, as far as it was written down. */
  seenAt: z.number(),
  /** The client ids of the apps that were signed in to, in order. */
  apps: z.array(z.string()),
  endedAt: z.number().optional(),
  why: z.string().optional(),
  expiresAt: z.number(),
})

export const sessionsDeclaration = declare({
  name: 'sessions',
  shape: sessionShape,
  indexes: [
    ['account', 'startedAt'],
    ['address', 'startedAt'],
  ],
})

/** What a person may know of one session of theirs, present or past. */
export type SessionRecord = z.output<typeof sessionShape>
type NewSession = Pick<SessionRecord, 'id' | 'account' | 'device' | 'address' | 'country' | 'city' | 'acr' | 'amr'> & {
  agent: Agent
  apps?: readonly string[]
}

interface Options {
  store: Store
  /** The longest that a session lives, in milliseconds. */
  longest: number
  now: () => number
}

export type SessionBook = ReturnType<typeof sessionBook>

/**
 * Keeps people's record of their sessions. It guards nothing: whether a session is alive, records/session-records.ts says (see "One session or
 * two" in docs/architecture.md).
 */
export function sessionBook({ store, longest, now }: Options) {
  const kept = store.collection(sessionsDeclaration)
  const open = { endedAt: undefined }
  const isRemembered = ({ endedAt, seenAt }: SessionRecord) => (endedAt ?? seenAt) > now() - remembered
  const used = () => ({ seenAt: now(), expiresAt: now() + longest + remembered })
  return {
    started: async ({ apps = [], ...session }: NewSession): Promise<void> => {
      await kept.put({ ...session, startedAt: now(), apps: [...apps], ...used() })
    },
    /** Records that more was proved in a session. */
    raised: async (id: string, { acr, amr }: Pick<SessionRecord, 'acr' | 'amr'>): Promise<void> => {
      await kept.patch(id, { acr, amr, ...used() }, open)
    },
    /** Records that an app was opened in a session. */
    joined: async (id: string, app: string): Promise<void> => {
      // Two apps may join at once: each is added to what is there then.
      await retry(async () => {
        const found = await kept.get(id)
        if (!found || found.endedAt !== undefined || found.apps.includes(app)) return true
        return kept.patch(id, { apps: [...found.apps, app], ...used() }, { apps: found.apps, ...open })
      })
    },
    seen: async (id: string): Promise<void> => {
      await kept.patch(id, used(), open)
    },
    ended: async (id: string, why: string): Promise<void> => {
      await kept.patch(id, { endedAt: now(), why, expiresAt: now() + remembered }, open)
    },
    get: (id: string) => kept.get(id),
    /** Returns a page of the sessions that began at a network address, newest first, behind the session `after`. Throws `not_found` when that is gone. */
    at: (address: string, limit: number, after?: string) =>
      pageOf(kept, { address }, { sort: { by: 'startedAt', descending: true }, limit, after }),
    /** Returns all of an account's sessions, in no particular order. */
    all: async (account: string) => (await allOf(kept, { account })).filter(isRemembered),
    /** Returns an account's newest sessions, newest first, as far back as they are remembered: at most `newest` of them. */
    of: async (account: string): Promise<SessionRecord[]> => {
      const found = await kept.find({ account }, { sort: { by: 'startedAt', descending: true }, limit: newest })
      return found.filter(isRemembered)
    },
  }
}
