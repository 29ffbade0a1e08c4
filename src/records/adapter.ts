import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import { z } from 'zod'
import type { Stamped } from '../accounts/account.ts'
import { sha256 } from '../crypto/digest.ts'
import type { Sealer } from '../crypto/seal.ts'
import { type Collection, claim, declare, type Store, update } from '../store/collection.ts'
import { allOf } from '../store/whole-lists.ts'
import { type RefreshTokens, refreshTokens } from './refresh-tokens.ts'
import { type RemoteRequests, remoteRequests } from './remote-requests.ts'
import { type SessionRecords, sessionRecords } from './session-records.ts'

const shape = z.object({
  id: z.string(),
  payload: z.custom<AdapterPayload>(),
  consumed: z.number().optional(),
  grantId: z.string().optional(),
  sessionUid: z.string().optional(),
  accountId: z.string().optional(),
  clientId: z.string().optional(),
  expiresAt: z.number(),
  /** How often a grant changed. */
  revision: z.number().optional(),
})
type Kept = z.output<typeof shape>

const codes = declare({ name: 'codes', shape, indexes: ['grantId', 'sessionUid'] })
const accessTokens = declare({ name: 'access_tokens', shape, indexes: ['grantId', 'sessionUid'] })
export const grants = declare({ name: 'grants', shape, indexes: [['accountId', 'clientId']] })
const interactions = declare({ name: 'interactions', shape })
const pushedRequests = declare({ name: 'pushed_requests', shape })

/** What the library keeps, on our store. */
export interface Records {
  adapter: AdapterFactory
  sessions: SessionRecords
  refreshTokens: RefreshTokens
  /** What was asked from elsewhere, and waits for a person. */
  remote: RemoteRequests
  /** Ends a grant, and with it every code and token that came of it. */
  revokeGrant(grantId: string): Promise<void>
  /** Takes an opaque access token out of the world: of many takers exactly one is told true. */
  takeToken(value: string): Promise<boolean>
  /** Ends every code and token of a session. */
  revokeSession(uid: string): Promise<void>
  /** The grants of one account, to one client if that is told. */
  grantsOf(accountId: string, clientId?: string): Promise<string[]>
  /** The grant of a session that lives, by the name that its app knows it by; undefined once either is over. */
  grantIn(accountId: string, sid: string): Promise<(Stamped & { grantId: string }) | undefined>
}

/** Keeps the library's things on a store. Nothing that a bearer could use is in it: such an id is kept as its digest. */
export function records(store: Store, sealer: Sealer, now: () => number): Records {
  const sessions = sessionRecords(store)
  const remote = remoteRequests(store, sealer, now)
  const refresh = refreshTokens(store, now)
  const code = store.collection(codes)
  const access = store.collection(accessTokens)
  const grant = store.collection(grants)
  const tokens = [code, access, refresh.collection]
  const known: Record<string, Adapter> = {
    Session: sessions.adapter,
    RefreshToken: refresh.adapter,
    AuthorizationCode: keeping(code, now, { lost: (grantId = '') => new CodeUsedTwice(grantId) }),
    // It ends with its grant, and its grant with the session: looking for the session too would only cost time.
    AccessToken: keeping(access, now, { trim: ({ expiresWithSession: _, ...payload }) => payload }),
    PushedAuthorizationRequest: keeping(store.collection(pushedRequests), now, {
      // The library spends it when somebody has signed in, and must see until then that it was spent before.
      longer: 3_600_000,
      spent: ({ kind, iat, exp, clientId }) => ({ kind, iat, exp, clientId }),
      lost: () => new errors.InvalidRequestUri('request_uri was already used'),
    }),
    DeviceCode: remote.adapter,
    BackchannelAuthenticationRequest: remote.adapter,
    // These two are names, not bearer values: an interaction answers only to the browser whose signed cookie names it.
    Grant: { ...keeping(grant, now, { key: id => id }), upsert: growing(grant, now) },
    Interaction: keeping(store.collection(interactions), now, { key: id => id, trim: withoutCookie }),
  }

  return {
    adapter: name => known[name] ?? nothing,
    sessions,
    refreshTokens: refresh,
    remote,
    revokeGrant: async grantId => {
      await Promise.all([...tokens.map(each => each.remove({ grantId })), grant.remove({ id: grantId })])
    },
    takeToken: async value => (await access.take(sha256(value))) !== undefined,
    revokeSession: async sessionUid => {
      await Promise.all(tokens.map(each => each.remove({ sessionUid })))
    },
    grantsOf: async (accountId, clientId) => {
      const found = await allOf(grant, { accountId, ...(clientId !== undefined && { clientId }) })
      return found.map(each => each.id)
    },
    grantIn: async (accountId, sid) => {
      const found = await sessions.grantIn(accountId, sid)
      return found && (await grant.get(found.grantId)) ? found : undefined
    },
  }
}

/** An interaction remembers the cookie of the session that it began in, and has no use for it. */
function withoutCookie({ session, ...payload }: AdapterPayload): AdapterPayload {
  return session ? { ...payload, session: { ...session, cookie: undefined } } : payload
}

interface Keeping {
  /** What an id is kept as; its digest unless told. */
  key?(id: string): string
  /** What to throw at whoever comes second to consume it. */
  lost?(grantId: string | undefined): Error
  /** For how long it is there to be seen after it expired, in milliseconds. */
  longer?: number
  /** What is left to be seen of one that was used; all of it unless told. */
  spent?(payload: AdapterPayload): AdapterPayload
  /** Takes off what is not to be kept. */
  trim?(payload: AdapterPayload): AdapterPayload
}

function keeping(
  collection: Collection<Kept>,
  now: () => number,
  { key = sha256, lost, longer = 0, spent, trim }: Keeping,
): Adapter {
  return {
    upsert: (id, { jti: _, ...payload }, seconds = 0) => {
      const { grantId, sessionUid, accountId, clientId } = payload
      const expiresAt = now() + seconds * 1000 + longer
      const kept = trim?.(payload) ?? payload
      return collection.put({ id: key(id), payload: kept, grantId, sessionUid, accountId, clientId, expiresAt })
    },
    find: async id => {
      const found = await collection.get(key(id))
      return found && { ...found.payload, jti: id, ...(found.consumed && { consumed: found.consumed }) }
    },
    // The library reads, decides and then consumes: of many that got so far, one does (RFC 6749, 4.1.2).
    consume: async id => {
      const consumed = Math.floor(now() / 1000)
      const found = spent && (await collection.get(key(id)))
      const rest = found && { payload: spent(found.payload) }
      const won = await collection.patch(key(id), { consumed, ...rest }, { consumed: undefined })
      if (!won) throw lost?.((await collection.get(key(id)))?.grantId) ?? new errors.InvalidGrant()
    },
    destroy: async id => {
      await collection.remove({ id: key(id) })
    },
    revokeByGrantId: async grantId => {
      await collection.remove({ grantId })
    },
    findByUid: absent,
    findByUserCode: absent,
  }
}

/** Keeps a grant with all that it holds already: two tabs may add to one at once, and nothing is ever taken out of a grant that stays. */
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

/** The union of two states of one grant. */
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

/** Another redemption of this code came first. */
export class CodeUsedTwice extends errors.InvalidGrant {
  readonly grantId: string
  constructor(grantId: string) {
    super('authorization code already consumed')
    this.grantId = grantId
  }
}

const absent = async (): Promise<undefined> => undefined

/** For what is never stored: clients are static, and their own tokens are signed. */
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
