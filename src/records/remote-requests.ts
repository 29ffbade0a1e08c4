import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider'
import { z } from 'zod'
import { originOf } from '../accounts/device.ts'
import { sha256 } from '../crypto/digest.ts'
import type { Sealer } from '../crypto/seal.ts'
import { declare, type Store } from '../store/collection.ts'

/** Seconds between two polls (RFC 8628, 3.2; CIBA Core 1.0, 7.3). Each poll that is too early adds as many. */
const interval = 5
/** How early a poll may come, in milliseconds, because networks are uneven. */
const leeway = 1_000
/** More requests for one person than there can be: ten in ten minutes (oidc/ciba.ts), each kept for twenty. */
const most = 100
/** How long an expired request is kept, so that polls learn that it has expired, in milliseconds. */
const afterlife = 15 * 60_000

const declaration = declare({
  name: 'remote_requests',
  shape: z.object({
    /** The digest of the code that the app polls with. */
    id: z.string(),
    kind: z.enum(['DeviceCode', 'BackchannelAuthenticationRequest']),
    payload: z.custom<AdapterPayload>(),
    /** The digest of the code that a person enters. */
    userCode: z.string().optional(),
    /** The account that the app named. */
    named: z.string().optional(),
    state: z.enum(['waiting', 'answered']),
    at: z.number(),
    /** Where the request came from. */
    address: z.string(),
    agent: z.string().optional(),
    /** When it expires, in milliseconds. */
    until: z.number(),
    polledAt: z.number().optional(),
    interval: z.number(),
    /** Sealed: how an app is notified of the answer, if it asked for that (CIBA Core 1.0, 10.2). */
    ping: z.string().optional(),
    expiresAt: z.number(),
  }),
  unique: ['userCode'],
  indexes: ['named'],
})
type Kept = z.output<typeof declaration.shape>

/** A request that waits for a person, from a device or an app's backend. Times in milliseconds since the epoch. */
export interface RemoteRequest {
  id: string
  kind: Kept['kind']
  client: string
  /** The account that the app named; undefined for a device, where it is who enters the code. */
  named: string | undefined
  payload: AdapterPayload
  at: number
  until: number
  /** Where the request came from. */
  address: string
  /** The User-Agent header. */
  agent: string | undefined
}

/** How an app is notified that its request was answered. */
interface Ping {
  auth_req_id: string
  token: string
}

export type RemoteRequests = ReturnType<typeof remoteRequests>

/** Keeps requests of devices (RFC 8628) and of backchannels (CIBA Core 1.0). The codes that they poll with are kept as digests. */
export function remoteRequests(store: Store, sealer: Sealer, now: () => number) {
  const kept = store.collection(declaration)
  const context = (id: string): string => `ping:${id}`

  const waiting = (found: Kept | undefined): RemoteRequest | undefined => {
    if (found?.state !== 'waiting' || found.until <= now()) return undefined
    const { id, kind, named, payload, at, until, address, agent } = found
    return { id, kind, client: payload.clientId ?? '', named, payload, at, until, address, agent }
  }

  return {
    adapter: {
      upsert: async (bearer: string, { jti: _, userCode, accountId, ...payload }: AdapterPayload, seconds = 0) => {
        const id = sha256(bearer)
        const { client_notification_token: token, ...params } = payload.params ?? {}
        const at = now()
        const { address = '', agent } = Provider.ctx ? originOf(Provider.ctx) : {}
        await kept.insert({
          id,
          kind: z.enum(['DeviceCode', 'BackchannelAuthenticationRequest']).parse(payload.kind),
          payload: { ...payload, params },
          ...(userCode !== undefined && { userCode: sha256(userCode) }),
          named: accountId,
          state: 'waiting',
          at,
          address,
          agent,
          until: at + seconds * 1000,
          interval,
          ...(typeof token === 'string' && {
            ping: sealer.seal(JSON.stringify({ auth_req_id: bearer, token }), context(id)),
          }),
          expiresAt: at + seconds * 1000 + afterlife,
        })
      },
      find: async (bearer: string) => {
        const found = await kept.get(sha256(bearer))
        // It expires by our clock, not the library's.
        return found && { ...found.payload, jti: bearer, ...(found.until <= now() && { exp: 0 }) }
      },
      // Consumed is removed: a second poll gets nothing, and takes nothing from the first.
      consume: async (bearer: string) => {
        if (!(await kept.take(sha256(bearer)))) throw new errors.InvalidGrant('already used')
      },
      destroy: async (bearer: string) => {
        await kept.remove({ id: sha256(bearer) })
      },
    } satisfies Partial<Adapter>,
    /** Resolves to the waiting request whose code a person entered. */
    byUserCode: async (code: string): Promise<RemoteRequest | undefined> =>
      waiting((await kept.find({ userCode: sha256(code) }, { limit: 1 }))[0]),
    /** Resolves to the waiting request of an id. */
    find: async (id: string): Promise<RemoteRequest | undefined> => waiting(await kept.get(id)),
    /** Resolves to the waiting requests of a person whom apps named, oldest first. */
    of: async (account: string): Promise<RemoteRequest[]> => {
      const found = await kept.find({ named: account }, { limit: most })
      return found.flatMap(each => waiting(each) ?? []).sort((one, other) => one.at - other.at)
    },
    /** Answers a request: of many answers one counts. Resolves to how to notify its app, if it asked for that; to undefined for an answer that is too late. */
    answer: async (id: string, answer: Partial<AdapterPayload>): Promise<{ ping: Ping | undefined } | undefined> => {
      const found = await kept.get(id)
      if (!waiting(found) || !found) return undefined
      const payload = { ...found.payload, ...answer }
      const answered = await kept.patch(id, { payload, state: 'answered' }, { state: 'waiting' })
      if (!answered) return undefined
      const { ping } = answered
      return { ping: ping === undefined ? undefined : JSON.parse(sealer.open(ping, context(id))) }
    },
    /** Records a poll before the answer; resolves to whether it was too early. */
    polled: async (bearer: string): Promise<boolean> => {
      const id = sha256(bearer)
      const found = await kept.get(id)
      if (!found) return false
      const early = found.polledAt !== undefined && now() - found.polledAt < found.interval * 1000 - leeway
      const longer = early ? { interval: found.interval + interval } : {}
      await kept.patch(id, { polledAt: now(), ...longer }, { state: 'waiting' })
      return early
    },
  }
}
