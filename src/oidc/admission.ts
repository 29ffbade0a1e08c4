import { type Adapter, type AdapterPayload, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { z } from 'zod'
import type { Quota } from '../accounts/quota.ts'
import { sha256 } from '../crypto/digest.ts'
import { Problem } from '../errors.ts'
import { claim, declare, type Store } from '../store/collection.ts'
import type { Replacements } from './library-models.ts'

/** The most bytes of parameters that are stored for one request. */
export const largest = 8_192

/** The endpoints that look a client up without authenticating it. */
const open: readonly (string | undefined)[] = ['authorization', 'resume', 'end_session', 'end_session_confirm']
/**
 * The endpoints at which a client that cannot authenticate is limited as a whole, each by itself. Where a person is asked, strangers could
 * close it to its people; and at the token endpoint a proof is kept only once there is a grant that it is for.
 */
const limited: readonly (string | undefined)[] = ['pushed_authorization_request', 'device_authorization']

export type Admission = ReturnType<typeof admission>

/** Limits what requests to the library's endpoints leave in the store. */
export function admission(quota: Quota) {
  /** Pays for a row that is stored before anything was proved; free where the client has authenticated, and outside of requests. Throws `slow_down`. */
  const pay = async (bytes: number): Promise<void> => {
    const ctx = Provider.ctx as KoaContextWithOIDC | undefined
    const { client, route } = ctx?.oidc ?? {}
    if (!ctx?.oidc) return
    const unproved = open.includes(route) || client === undefined || client.clientAuthMethod === 'none'
    if (!unproved) return
    const named = client && limited.includes(route) ? `${client.clientId} ${route}` : undefined
    await quota.spend(bytes, { address: ctx.ip, client: named })
  }

  return {
    pay,
    /** Wraps an adapter so that it stores small things only, and strangers pay for what they store. Throws `too_large` and `slow_down`. */
    guard: (name: string, adapter: Adapter): Adapter => {
      const kind = kinds[name]
      if (!kind) return adapter
      return {
        ...adapter,
        upsert: async (id, payload, seconds) => {
          if (size(kind.stored(payload)) > largest) throw new Problem('too_large')
          if (kind.anew(payload)) await pay(size(payload))
          return adapter.upsert(id, payload, seconds)
        },
      }
    },
  }
}

interface Kind {
  /** What of it the request says. */
  stored(payload: AdapterPayload): unknown
  /** It is a stranger's, and not there yet. */
  anew(payload: AdapterPayload): boolean
}

const kinds: { readonly [name: string]: Kind | undefined } = {
  Interaction: {
    stored: ({ params }) => params,
    anew: ({ session, result }) => session?.accountId === undefined && result === undefined,
  },
  PushedAuthorizationRequest: { stored: ({ request }) => request, anew: () => true },
  DeviceCode: { stored: ({ params }) => params, anew: () => true },
  BackchannelAuthenticationRequest: { stored: ({ params }) => params, anew: () => true },
}

/** Bytes of something as JSON. */
export function size(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '')
}

const replays = declare({ name: 'replays', shape: z.object({ id: z.string(), expiresAt: z.number() }) })

/** Seconds that a proof's clock may be ahead of ours (RFC 9449, 11.1): it passes for so much longer than the library remembers it. */
const ahead = 300

/** Decides by one insert whether a proof comes for the first time: the library looks, then notes it, and lets two at once both pass. */
export function replayDetection(store: Store, admitted: Admission): Replacements['unique'] {
  const seen = store.collection(replays)
  return async (issuer, jti, exp) => {
    // Anybody can make a key, and proofs with it.
    await admitted.pay(0)
    return claim(seen, { id: sha256(JSON.stringify([issuer, jti])), expiresAt: (exp + ahead) * 1000 })
  }
}
