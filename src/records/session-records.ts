import type { Adapter, AdapterPayload, ClientAuthorizationState } from 'oidc-provider'
import { z } from 'zod'
import type { Stamped } from '../accounts/account.ts'
import { sha256 } from '../crypto/digest.ts'
import { Problem } from '../errors.ts'
import { allOf, declare, type Store, update } from '../store/collection.ts'

type Apps = Record<string, ClientAuthorizationState>

export const ssoSessions = declare({
  name: 'sso_sessions',
  shape: z.object({
    /** The session's uid, which stays while the cookie's value changes. */
    id: z.string(),
    /** The digest of the cookie's value. */
    digest: z.string(),
    accountId: z.string().optional(),
    /** Without the cookie's value, the uid and the expiry. */
    payload: z.custom<AdapterPayload>(),
    revision: z.number(),
    expiresAt: z.number(),
  }),
  unique: ['digest'],
  indexes: ['accountId'],
})

/** An app's grant in a session, and the `sid` by which it knows the session. */
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

/** Keeps browser sessions in a store: one document each, even when its cookie changes. */
export function sessionRecords(store: Store) {
  const kept = store.collection(ssoSessions)
  type Kept = z.output<typeof ssoSessions.shape>

  const payload = ({ id, payload, expiresAt }: Kept): AdapterPayload => ({
    ...payload,
    uid: id,
    exp: Math.floor(expiresAt / 1000),
  })

  /** Changes a session and keeps what other requests changed meanwhile; resolves to undefined when it has ended. */
  const change = (uid: string, made: (there: Kept) => Partial<Kept> | undefined) => update(kept, uid, 'revision', made)

  return {
    adapter: {
      find: async (cookie: string) => {
        const [found] = await kept.find({ digest: sha256(cookie) }, { limit: 1 })
        return found && { ...payload(found), jti: cookie }
      },
      findByUid: async (uid: string) => {
        const found = await kept.get(uid)
        return found && payload(found)
      },
      destroy: async (cookie: string) => {
        await kept.remove({ digest: sha256(cookie) })
      },
      upsert: async () => {
        throw new TypeError('sessions are kept by keep')
      },
    } satisfies Partial<Adapter>,
    /**
     * Saves a session as one request leaves it, and keeps what other requests changed meanwhile. Resolves to whether this request knows the
     * value of its cookie. A session that has ended stays ended.
     */
    keep: async (session: AdapterPayload, { born, from, apps }: Change): Promise<boolean> => {
      const { jti = '', uid = '', exp = 0, ...rest } = session
      const mine = { digest: sha256(jti), accountId: rest.accountId, payload: rest, expiresAt: exp * 1000 }
      if (born) {
        await kept.insert({ id: uid, ...mine, revision: 0 })
        return true
      }
      const now = await change(uid, there => {
        const authorizations = merged(apps, rest.authorizations ?? {}, there.payload.authorizations ?? {})
        if (there.digest === sha256(from)) return { ...mine, payload: { ...rest, authorizations } }
        // Two people at once: the session is the first one's, and what the other allowed belongs in none of it.
        if (rest.accountId !== undefined && there.accountId !== undefined && rest.accountId !== there.accountId)
          throw new Problem('conflict')
        // A cookie that was renewed meanwhile stays: what this request proved, and what it changed about its app, is added.
        const { acr, amr, loginTs, stamp } = rest
        const proved = from !== jti && rest.accountId === there.accountId && { acr, amr, loginTs, stamp }
        return { payload: { ...there.payload, ...proved, authorizations } }
      })
      return now?.digest === mine.digest
    },
    /** Ends a session: of many requests that end it exactly one gets it. */
    take: async (uid: string): Promise<AdapterPayload | undefined> => {
      const taken = await kept.take(uid)
      return taken && payload(taken)
    },
    /** Removes an app from a session; resolves to what the session knew of it, if it was there. */
    leave: async (uid: string, client: string): Promise<ClientAuthorizationState | undefined> => {
      let left: ClientAuthorizationState | undefined
      const changed = await change(uid, ({ payload }) => {
        const { [client]: gone, ...authorizations } = payload.authorizations ?? {}
        left = gone
        return gone && { payload: { ...payload, authorizations } }
      })
      return changed && left
    },
    /** Resolves to the uids of all sessions of an account. */
    of: async (accountId: string): Promise<string[]> => (await allOf(kept, { accountId })).map(each => each.id),
    /** Resolves to all sessions of an account, with the security stamps that they carry. */
    stamped: async (accountId: string): Promise<Stamped[]> => (await allOf(kept, { accountId })).map(stampedIn),
    /** Resolves to the session of an account that an app knows by this `sid`, and the app's grant in it. */
    grantIn: async (accountId: string, sid: string): Promise<(Stamped & { grantId: string }) | undefined> => {
      for (const each of await allOf(kept, { accountId })) {
        const app = Object.values(each.payload.authorizations ?? {}).find(app => app.sid === sid)
        if (app?.grantId !== undefined) return { ...stampedIn(each), grantId: app.grantId }
      }
      return undefined
    },
    /**
     * Adds an app to a session, with this grant and `sid`, unless it is there with another grant than the `former` one. Resolves to the
     * grant and `sid` that count; to undefined when the session has ended.
     */
    join: async (uid: string, client: string, app: Joined, former: string | undefined): Promise<Joined | undefined> => {
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
    /** Extends a session until `end` (milliseconds) of the last sign-in (seconds); resolves to when it ends now. */
    prolong: async (uid: string, end: (loginTs: number) => number): Promise<number | undefined> => {
      const there = await kept.get(uid)
      if (there?.payload.loginTs === undefined) return undefined
      const expiresAt = end(there.payload.loginTs)
      if (expiresAt <= there.expiresAt) return there.expiresAt
      // A request that changed it meanwhile has extended it, too.
      const prolonged = await kept.patch(uid, { expiresAt }, { revision: there.revision })
      return prolonged?.expiresAt ?? there.expiresAt
    },
  }
}

const stampedIn = ({ id: session, payload: { stamp } }: { id: string; payload: AdapterPayload }): Stamped => ({
  session,
  stamp: typeof stamp === 'number' ? stamp : undefined,
})

/** Returns what is there now with what one request changed since `before`. */
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
