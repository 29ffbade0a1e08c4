import type { AdapterPayload } from 'oidc-provider'
import { z } from 'zod'
import { sha256 } from '../crypto/digest.ts'
import { token } from '../crypto/random.ts'
import { allOf, declare, type Store, update } from '../store/collection.ts'
import { placesOf } from './appearance.ts'
import { extensionsOf } from './client-extensions.ts'
import type { App, Declared } from './declared.ts'
import { within } from './policies.ts'

const registered = z.object({
  id: z.string(),
  policy: z.string(),
  /** The library's metadata, without the secret. */
  metadata: z.custom<AdapterPayload>(),
  /** Sealed: the library signs and compares with it. */
  secret: z.string().optional(),
  /** The digest of the registration access token (RFC 7592, 3). */
  manager: z.string().optional(),
  registeredAt: z.number(),
})
export type Registered = z.output<typeof registered>

/** Clients that registered themselves (RFC 7591). */
export const registrationsDeclaration = declare({
  name: 'registered_clients',
  shape: registered,
  unique: ['manager'],
})

/** Clients of one page of the list. */
const page = 100

/** Returns the context that a client's secret is sealed in. */
export const clientContext = ({ id }: { id: string }): string => `client:${id}`

export type Registrations = ReturnType<typeof registrations>

/** Reads and removes clients that registered. */
export function registrations(store: Store) {
  const kept = store.collection(registrationsDeclaration)
  return {
    get: kept.get,
    /** Resolves to a page of clients in the order of their ids, after one of them. */
    list: (after?: string): Promise<Registered[]> => kept.find({}, { limit: page, after }),
    /** Removes a client; everything that it was given is void at once. */
    remove: async (id: string): Promise<boolean> => (await kept.take(id)) !== undefined,
  }
}

/** Returns a client that registered as an app, within what its policy says today; undefined when the policy is gone. */
export function registeredApp({ id, policy: name, metadata }: Registered, declared: Declared): App | undefined {
  const policy = declared.policies.get(name)
  if (!policy) return undefined
  // Every place that it sends people back to, because one of them alone may be somebody else's.
  const host = placesOf(metadata.redirect_uris ?? []).join(', ') || undefined
  const apis = declared.granted(within(policy, metadata as object).apis ?? {}, extensionsOf(undefined).access_token_ttl)
  return { id, name: metadata.client_name ?? host ?? id, host, tile: 'neutral', firstParty: false, apis }
}

const invitation = z.object({
  id: z.string(),
  policy: z.string(),
  /** How many clients may still register with it. */
  uses: z.number(),
  expiresAt: z.number(),
})
export type Invitation = z.output<typeof invitation>

const declaration = declare({ name: 'invitations', shape: invitation })

export type Invitations = ReturnType<typeof invitations>

/** Keeps initial access tokens (RFC 7591, 3), each as its digest: with one of them so many clients may register under a policy. */
export function invitations(store: Store) {
  const kept = store.collection(declaration)
  const digest = (bearer: string): string => sha256(bearer, 'hex')

  return {
    /** Resolves to a new bearer value, which nobody can read again, and the invitation. */
    invite: async (wish: Omit<Invitation, 'id'>): Promise<{ bearer: string; invitation: Invitation }> => {
      const bearer = token()
      const invitation = { ...wish, id: digest(bearer) }
      await kept.insert(invitation)
      return { bearer, invitation }
    },
    find: async (bearer: string): Promise<Invitation | undefined> => {
      const found = await kept.get(digest(bearer))
      return found && found.uses > 0 ? found : undefined
    },
    /** Takes one use; of many requests at once, as many succeed as there are uses. */
    spend: async (id: string): Promise<boolean> => {
      let left = 0
      await update(kept, id, 'uses', ({ uses }) => {
        left = uses
        return uses > 0 ? { uses: uses - 1 } : undefined
      })
      return left > 0
    },
    list: async (): Promise<Invitation[]> => (await allOf(kept, {})).filter(each => each.uses > 0),
    withdraw: async (id: string): Promise<boolean> => (await kept.take(id)) !== undefined,
  }
}
