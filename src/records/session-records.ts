import type { Adapter, AdapterPayload, ClientAuthorizationState } from 'oidc-provider'
import { z } from 'zod'
import type { Stamped } from '../accounts/account.ts'
import { sha256 } from '../crypto/digest.ts'
import { declare, type Store, update } from '../store/collection.ts'
import { allOf } from '../store/whole-lists.ts'

type Apps = Record<string, ClientAuthorizationState>

export const ssoSessions = declare({
  name: 'sso_sessions',
  shape: z.object({
    /** The session's uid, which stays while the cookie's value changes. */
    id: z.string(),
    /** Of the cookie's value. */
    digest: z.string(),
    accountId: z.string().optional(),
    /** But for its cookie's value, its uid and its expiry. */
    payload: z.custom<AdapterPayload>(),
    revision: z.number(),
    expiresAt: z.number(),
  }),
  unique: ['digest'],
  indexes: ['accountId'],
})

/** The grant of an app in a session, and the name that it knows the session by. */
interface Joined {
  grantId: string
  sid: string
}

/** What one request changed of a session. */
interface Change {
  /** The session is new: there is nothing to change yet. */
  born: boolean
  /** The cookie's value when the request began. */
  from: string
  /** The apps in the session when the request began. */
  apps: Apps
}

export interface SessionRecords {
  adapter: Adapter
  /**
   * Keeps a session as one request leaves it, beside what other requests did meanwhile; resolves to whether its cookie's value is the one
   * that this request knows. One that has ended stays ended.
   */
  keep(session: AdapterPayload, change: Change): Promise<boolean>
  /** Ends a session: of many enders exactly one gets it. */
  take(uid: string): Promise<AdapterPayload | undefined>
  /** Takes an app out of a session; resolves to what the session knew of it, if it was in it. */
  leave(uid: string, client: string): Promise<ClientAuthorizationState | undefined>
  /** The uids of all sessions that an account is signed in to. */
  of(accountId: string): Promise<string[]>
  /** The same, with the security stamps that they carry. */
  stamped(accountId: string): Promise<Stamped[]>
  /** The session of the account that an app knows by this name, and the app's grant in it. */
  grantIn(accountId: string, sid: string): Promise<(Stamped & { grantId: string }) | undefined>
  /**
   * Takes an app into a session, by this grant and name unless it has others than the `former` grant already; resolves to
   * what it is in by, undefined when the session is over.
   */
  join(uid: string, client: string, app: Joined, former: string | undefined): Promise<Joined | undefined>
  /** Lets it live until `end` (milliseconds), which sees when somebody last signed in (seconds); resolves to its end as it is now. */
  prolong(uid: string, end: (loginTs: number) => number): Promise<number | undefined>
}

/** Keeps browser sessions on a store: one document each, whatever becomes of its cookie. */
export function sessionRecords(store: Store): SessionRecords {
  const kept = store.collection(ssoSessions)
  type Kept = z.output<typeof ssoSessions.shape>

  const payload = ({ id, payload, expiresAt }: Kept): AdapterPayload => ({
    ...payload,
    uid: id,
    exp: Math.floor(expiresAt / 1000),
  })

  /** Changes what a session holds beside what other requests did meanwhile; undefined when it is over. */
  const change = (uid: string, made: (there: Kept) => Partial<Kept> | undefined) => update(kept, uid, 'revision', made)

  return {
    adapter: {
      find: async cookie => {
        const [found] = await kept.find({ digest: sha256(cookie) }, { limit: 1 })
        return found && { ...payload(found), jti: cookie }
      },
      findByUid: async uid => {
        const found = await kept.get(uid)
        return found && payload(found)
      },
      destroy: async cookie => {
        await kept.remove({ digest: sha256(cookie) })
      },
      upsert: async () => {
        throw new TypeError('sessions are kept by keep')
      },
      findByUserCode: async () => undefined,
      consume: async () => undefined,
      revokeByGrantId: async () => undefined,
    },
    keep: async ({ jti = '', uid = '', exp = 0, ...rest }, { born, from, apps }) => {
      const mine = { digest: sha256(jti), accountId: rest.accountId, payload: rest, expiresAt: exp * 1000 }
      if (born) {
        await kept.insert({ id: uid, ...mine, revision: 0 })
        return true
      }
      const now = await change(uid, there => {
        const authorizations = merged(apps, rest.authorizations ?? {}, there.payload.authorizations ?? {})
        // A cookie that was renewed meanwhile stays so: only what this request did about its app is added.
        return there.digest === sha256(from)
          ? { ...mine, payload: { ...rest, authorizations } }
          : { payload: { ...there.payload, authorizations } }
      })
      return now?.digest === mine.digest
    },
    take: async uid => {
      const taken = await kept.take(uid)
      return taken && payload(taken)
    },
    leave: async (uid, client) => {
      let left: ClientAuthorizationState | undefined
      const changed = await change(uid, ({ payload }) => {
        const { [client]: gone, ...authorizations } = payload.authorizations ?? {}
        left = gone
        return gone && { payload: { ...payload, authorizations } }
      })
      return changed && left
    },
    of: async accountId => (await allOf(kept, { accountId })).map(each => each.id),
    stamped: async accountId => (await allOf(kept, { accountId })).map(stampedIn),
    grantIn: async (accountId, sid) => {
      for (const each of await allOf(kept, { accountId })) {
        const app = Object.values(each.payload.authorizations ?? {}).find(app => app.sid === sid)
        if (app?.grantId !== undefined) return { ...stampedIn(each), grantId: app.grantId }
      }
      return undefined
    },
    join: async (uid, client, app, former) => {
      let joined = app
      const changed = await change(uid, ({ payload }) => {
        const { authorizations = {} } = payload
        const { [client]: own } = authorizations
        const { sid = app.sid, grantId = former } = own ?? {}
        joined = { sid, grantId: grantId === undefined || grantId === former ? app.grantId : grantId }
        return { payload: { ...payload, authorizations: { ...authorizations, [client]: { ...own, ...joined } } } }
      })
      return changed && joined
    },
    prolong: async (uid, end) => {
      const there = await kept.get(uid)
      if (there?.payload.loginTs === undefined) return undefined
      const expiresAt = end(there.payload.loginTs)
      if (expiresAt <= there.expiresAt) return there.expiresAt
      // Whoever changed it meanwhile has prolonged it too.
      const prolonged = await kept.patch(uid, { expiresAt }, { revision: there.revision })
      return prolonged?.expiresAt ?? there.expiresAt
    },
  }
}

const stampedIn = ({ id: session, payload: { stamp } }: { id: string; payload: AdapterPayload }): Stamped => ({
  session,
  stamp: typeof stamp === 'number' ? stamp : undefined,
})

/** What I changed since `before` on top of what is there now. */
function merged(before: Apps, mine: Apps, there: Apps): Apps {
  const ids = new Set([...Object.keys(before), ...Object.keys(mine)])
  const result = { ...there }
  for (const id of ids) {
    if (JSON.stringify(before[id]) === JSON.stringify(mine[id])) continue
    if (mine[id]) result[id] = mine[id]
    else delete result[id]
  }
  return result
}
