import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider'
import { z } from 'zod'
import { originOf } from '../accounts/origin.ts'
import { sha256 } from '../crypto/digest.ts'
import type { Sealer } from '../crypto/seal.ts'
import { declare, type Store } from '../store/collection.ts'

/** Seconds between two polls (RFC 8628, 3.2; CIBA Core 1.0, 7.3), and by how much more each hasty one makes it. */
const interval = 5
/** How much too early a poll may come, in milliseconds: the network is not even. */
const leeway = 1_000
/** More requests for one person than there can be: ten come in ten minutes (oidc/backchannel.ts), and each is kept for twenty. */
const most = 100
/** How long what has expired is kept, so that who polls is told so, in milliseconds. */
const afterlife = 15 * 60_000

const declaration = declare({
  name: 'remote_requests',
  shape: z.object({
    /** The digest of what the app polls with. */
    id: z.string(),
    kind: z.enum(['DeviceCode', 'BackchannelAuthenticationRequest']),
    payload: z.custom<AdapterPayload>(),
    /** Of the code that a person enters. */
    userCode: z.string().optional(),
    /** Whom the app named. */
    named: z.string().optional(),
    state: z.enum(['waiting', 'answered']),
    at: z.number(),
    /** Where it was asked. */
    address: z.string(),
    agent: z.string().optional(),
    /** When it runs out, in milliseconds. */
    until: z.number(),
    polledAt: z.number().optional(),
    interval: z.number(),
    /** Sealed: what an app that wants to hear of the answer is told by (CIBA Core 1.0, 10.2). */
    ping: z.string().optional(),
    expiresAt: z.number(),
  }),
  unique: ['userCode'],
  indexes: ['named'],
})
type Kept = z.output<typeof declaration.shape>

/** Something that was asked from elsewhere: by a device, or by an app behind a person's back. Times in milliseconds since the epoch. */
export interface RemoteRequest {
  id: string
  kind: Kept['kind']
  client: string
  /** Whom the app named; whoever enters the code, for a device. */
  named: string | undefined
  payload: AdapterPayload
  at: number
  until: number
  /** Where it was asked. */
  address: string
  /** The User-Agent header. */
  agent: string | undefined
}

/** How an app is told that its request was answered. */
export interface Ping {
  auth_req_id: string
  token: string
}

export interface RemoteRequests {
  adapter: Adapter
  /** What waits, by the code that a person entered. */
  byUserCode(code: string): Promise<RemoteRequest | undefined>
  /** What waits, by its id. */
  find(id: string): Promise<RemoteRequest | undefined>
  /** What waits for a person whom apps named, oldest first. */
  of(account: string): Promise<RemoteRequest[]>
  /** Answers it: of many answers one counts. Resolves to how its app is told, where that wants to be; undefined for who came too late. */
  answer(id: string, answer: Partial<AdapterPayload>): Promise<{ ping: Ping | undefined } | undefined>
  /** Notes a poll that came before there is an answer; is it too early? */
  polled(bearer: string): Promise<boolean>
}

/** Keeps requests of devices (RFC 8628) and of backchannels (CIBA Core 1.0). The store alone opens none: what is polled with is kept as its digest. */
export function remoteRequests(store: Store, sealer: Sealer, now: () => number): RemoteRequests {
  const kept = store.collection(declaration)
  const context = (id: string): string => `ping:${id}`

  const waiting = (found: Kept | undefined): RemoteRequest | undefined => {
    if (found?.state !== 'waiting' || found.until <= now()) return undefined
    const { id, kind, named, payload, at, until, address, agent } = found
    return { id, kind, client: payload.clientId ?? '', named, payload, at, until, address, agent }
  }

  return {
    adapter: {
      upsert: async (bearer, { jti: _, userCode, accountId, ...payload }, seconds = 0) => {
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
      find: async bearer => {
        const found = await kept.get(sha256(bearer))
        // Ours is the clock that it runs out by.
        return found && { ...found.payload, jti: bearer, ...(found.until <= now() && { exp: 0 }) }
      },
      // Spent is gone: who polls twice gets nothing, and costs the first one nothing.
      consume: async bearer => {
        if (!(await kept.take(sha256(bearer)))) throw new errors.InvalidGrant('already used')
      },
      destroy: async bearer => {
        await kept.remove({ id: sha256(bearer) })
      },
      findByUid: async () => undefined,
      findByUserCode: async () => undefined,
      revokeByGrantId: async () => undefined,
    },
    byUserCode: async code => waiting((await kept.find({ userCode: sha256(code) }, { limit: 1 }))[0]),
    find: async id => waiting(await kept.get(id)),
    of: async account => {
      const found = await kept.find({ named: account }, { limit: most })
      return found.flatMap(each => waiting(each) ?? []).sort((one, other) => one.at - other.at)
    },
    answer: async (id, answer) => {
      const found = await kept.get(id)
      if (!waiting(found) || !found) return undefined
      const payload = { ...found.payload, ...answer }
      const answered = await kept.patch(id, { payload, state: 'answered' }, { state: 'waiting' })
      if (!answered) return undefined
      const { ping } = answered
      return { ping: ping === undefined ? undefined : JSON.parse(sealer.open(ping, context(id))) }
    },
    polled: async bearer => {
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
