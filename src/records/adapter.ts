import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import { z } from 'zod'
import type { Stamped } from '../accounts/account.ts'
import { sha256 } from '../crypto/digest.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import { allOf, type Collection, claim, declare, type Store, update } from '../store/collection.ts'
import { refreshTokens } from './refresh-tokens.ts'
import { remoteRequests } from './remote-requests.ts'
import { sessionRecords } from './session-records.ts'

const shape = z.object({
  id: z.string(),
  payload: z.custom<AdapterPayload>(),
  consumed: z.number().optional(),
  grantId: z.string().optional(),
  sessionUid: z.string().optional(),
  accountId: z.string().optional(),
  clientId: z.string().optional(),
  expiresAt: z.number(),
  /** The number of changes of a grant. */
  revision: z.number().optional(),
})
type Kept = z.output<typeof shape>

const codes = declare({ name: 'codes', shape, indexes: ['grantId', 'sessionUid'] })
const accessTokens = declare({ name: 'access_tokens', shape, indexes: ['grantId', 'sessionUid'] })
export const grants = declare({ name: 'grants', shape, indexes: [['accountId', 'clientId']] })
const interactions = declare({ name: 'interactions', shape })
const pushedRequests = declare({ name: 'pushed_requests', shape })

export type Records = ReturnType<typeof records>

/** Keeps oidc-provider's records in a store. An id that a bearer could use is kept as its digest. */
export function records(store: Store, sealer: Sealer, now: () => number) {
  const sessions = sessionRecords(store)
  const remote = remoteRequests(store, sealer, now)
  const refresh = refreshTokens(store, now)
  const code = store.collection(codes)
  const access = store.collection(accessTokens)
  const grant = store.collection(grants)
  const tokens = [code, access, refresh.collection]
  const known: Record<string, Partial<Adapter>> = {
    Session: sessions.adapter,
    RefreshToken: refresh.adapter,
    AuthorizationCode: keeping(code, now, { lost: (grantId = '') => new CodeUsedTwice(grantId) }),
    // It ends with its grant, and the grant with the session: reading the session, too, would only cost time.
    AccessToken: keeping(access, now, { trim: ({ expiresWithSession: _, ...payload }) => payload }),
    PushedAuthorizationRequest: keeping(store.collection(pushedRequests), now, {
      // The library consumes it after the sign-in, and must see until then that it was consumed before.
      longer: 3_600_000,
      spent: ({ kind, iat, exp, clientId }) => ({ kind, iat, exp, clientId }),
      lost: () => new errors.InvalidRequestUri('request_uri was already used'),
    }),
    DeviceCode: remote.adapter,
    BackchannelAuthenticationRequest: remote.adapter,
    // The ids of these two are no bearer values: an interaction is open only to the browser whose signed cookie names it.
    Grant: { ...keeping(grant, now, { key: id => id }), upsert: growing(grant, now) },
    Interaction: once(store.collection(interactions), now),
  }

  return {
    adapter: ((name: string) => ({ ...nothing, ...known[name] })) satisfies AdapterFactory,
    sessions,
    refreshTokens: refresh,
    /** The requests of devices and backchannels, which wait for a person. */
    remote,
    /** Ends a grant, and with it every code and token that came from it. */
    revokeGrant: async (grantId: string): Promise<void> => {
      await Promise.all([...tokens.map(each => each.remove({ grantId })), grant.remove({ id: grantId })])
    },
    /** Removes an opaque access token: of many requests exactly one gets true. */
    takeToken: async (value: string): Promise<boolean> => (await access.take(sha256(value))) !== undefined,
    /** Ends every code and token of a session. */
    revokeSession: async (sessionUid: string): Promise<void> => {
      await Promise.all(tokens.map(each => each.remove({ sessionUid })))
    },
    /** Resolves to the grants of an account, for one client if given. */
    grantsOf: async (accountId: string, clientId?: string): Promise<string[]> => {
      const found = await allOf(grant, { accountId, ...(clientId !== undefined && { clientId }) })
      return found.map(each => each.id)
    },
    /** Resolves to the session and the grant that an app knows by this `sid`; undefined once either is over. */
    grantIn: async (accountId: string, sid: string): Promise<(Stamped & { grantId: string }) | undefined> => {
      const found = await sessions.grantIn(accountId, sid)
      return found && (await grant.get(found.grantId)) ? found : undefined
    },
  }
}

/**
 * Keeps interactions, each of which goes on once: the library reads one, decides, and then removes it. Throws Problem `attempt_expired` to any
 * other request that goes on with it at the same time, and to an answer that comes when it is over, which does not bring it back.
 */
function once(collection: Collection<Kept>, now: () => number): Adapter {
  const kept = keeping(collection, now, {
    key: id => id,
    trim: withoutCookie,
    // While nobody has answered an app's request, losing it costs only a new start.
    transient: ({ result }) => result === undefined,
    later: ({ result }) => result !== undefined,
  })
  return {
    ...nothing,
    ...kept,
    destroy: async id => {
      if (!(await collection.take(id))) throw new Problem('attempt_expired')
    },
  }
}

/** Removes the cookie of the session that an interaction began in: it is not needed. */
function withoutCookie({ session, ...payload }: AdapterPayload): AdapterPayload {
  return session ? { ...payload, session: { ...session, cookie: undefined } } : payload
}

interface Keeping {
  /** What an id is kept as; its digest by default. */
  key?(id: string): string
  /** The error for the second request that consumes it. */
  lost?(grantId: string | undefined): Error
  /** How long it can be found after it expired, in milliseconds. */
  longer?: number
  /** What stays of one that was consumed; everything by default. */
  spent?(payload: AdapterPayload): AdapterPayload
  /** Tells whether losing it costs no more than a new start. */
  transient?(payload: AdapterPayload): boolean
  /** Tells whether it was kept before: what is gone by then does not come back. */
  later?(payload: AdapterPayload): boolean
  /** Removes what is not to be kept. */
  trim?(payload: AdapterPayload): AdapterPayload
}

function keeping(
  collection: Collection<Kept>,
  now: () => number,
  { key = sha256, lost, longer = 0, spent, transient, later, trim }: Keeping,
) {
  return {
    upsert: async (id: string, { jti: _, ...payload }: AdapterPayload, seconds = 0) => {
      const { grantId, sessionUid, accountId, clientId } = payload
      const expiresAt = now() + seconds * 1000 + longer
      const kept = trim?.(payload) ?? payload
      const doc = { id: key(id), payload: kept, grantId, sessionUid, accountId, clientId, expiresAt }
      if (!later?.(payload)) await collection.put(doc, transient?.(payload))
      else if (!(await collection.patch(key(id), doc))) throw new Problem('attempt_expired')
    },
    find: async (id: string) => {
      const found = await collection.get(key(id))
      // What was read is this call's own.
      return (
        found && Object.assign(found.payload, { jti: id }, found.consumed ? { consumed: found.consumed } : undefined)
      )
    },
    // The library reads, decides and then consumes: of many requests that get so far, one succeeds (RFC 6749, 4.1.2).
    consume: async (id: string) => {
      const consumed = Math.floor(now() / 1000)
      const found = spent && (await collection.get(key(id)))
      const rest = found && { payload: spent(found.payload) }
      const won = await collection.patch(key(id), { consumed, ...rest }, { consumed: undefined })
      if (!won) throw lost?.((await collection.get(key(id)))?.grantId) ?? new errors.InvalidGrant()
    },
    destroy: async (id: string) => {
      await collection.remove({ id: key(id) })
    },
    revokeByGrantId: async (grantId: string) => {
      await collection.remove({ grantId })
    },
  }
}

/** Saves a grant with all that it holds: two tabs may add to one at the same time, and nothing is ever removed from a grant that stays. */
function growing(collection: Collection<Kept>, now: () => number): Adapter['upsert'] {
  return async (id, { jti: _, ...payload }, seconds = 0) => {
    const { accountId, clientId } = payload
    const expiresAt = now() + seconds * 1000
    let seen = false
    const grow = () =>
      update(collection, id, 'revision', there => {
        seen = true
        return { payload: grown(there.payload, payload), expiresAt }
      })
    // It was revoked meanwhile, and stays so.
    if ((await grow()) || seen) return
    if (!(await claim(collection, { id, payload, accountId, clientId, expiresAt }))) await grow()
  }
}

/** What a grant holds. */
interface Held {
  openid?: { scope?: string; claims?: string[] }
  resources?: { [name: string]: string }
}

/** Returns the union of two states of one grant. */
function grown(there: AdapterPayload & Held, mine: AdapterPayload & Held): AdapterPayload {
  const scopes = (...held: (string | undefined)[]): string =>
    [...new Set(held.flatMap(each => each?.split(' ') ?? []))].filter(Boolean).join(' ')
  const scope = scopes(there.openid?.scope, mine.openid?.scope)
  const claims = [...new Set([...(there.openid?.claims ?? []), ...(mine.openid?.claims ?? [])])]
  const names = Object.keys({ ...there.resources, ...mine.resources })
  const resources = names.map(name => [name, scopes(there.resources?.[name], mine.resources?.[name])])
  return {
    ...mine,
    ...(scope + claims !== '' && { openid: { ...(scope && { scope }), ...(claims.length > 0 && { claims }) } }),
    ...(names.length > 0 && { resources: Object.fromEntries(resources) }),
  }
}

/** Thrown when another request redeemed this code first. */
export class CodeUsedTwice extends errors.InvalidGrant {
  readonly grantId: string
  constructor(grantId: string) {
    super('authorization code already consumed')
    this.grantId = grantId
  }
}

const absent = async (): Promise<undefined> => undefined

/** The adapter of what is never stored, such as clients, and the verbs that other kinds never use. */
const nothing: Adapter = {
  upsert: async () => {
    throw new TypeError('this kind is not kept')
  },
  find: absent,
  findByUid: absent,
  findByUserCode: absent,
  consume: absent,
  destroy: absent,
  revokeByGrantId: absent,
}
