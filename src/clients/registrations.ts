import type { AdapterPayload } from 'oidc-provider'
import { z } from 'zod'
import { declare, type Store } from '../store/collection.ts'
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
  /** The id of the invitation that it registered with. */
  invitation: z.string().optional(),
  /** Since when it is off: then it is as unknown as one that is not there. */
  disabledAt: z.number().optional(),
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
    /** Switches a client off, at this time, or on; undefined where there is none. */
    disable: async (id: string, at: number | undefined): Promise<Registered | undefined> => {
      const found = await kept.get(id)
      if (!found || (at === undefined) === (found.disabledAt === undefined)) return found
      return kept.patch(id, { disabledAt: at })
    },
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
