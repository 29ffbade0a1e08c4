import type { AdapterPayload } from 'oidc-provider'
import { z } from 'zod'
import { declare, type Store } from '../store/collection.ts'
import { own } from './client-extensions.ts'
import type { App, Declared } from './declared.ts'
import { within } from './policies.ts'
import { placesOf } from './shown.ts'

const shape = z.object({
  id: z.string(),
  policy: z.string(),
  /** As the library knows it, but for its secret. */
  metadata: z.custom<AdapterPayload>(),
  /** Sealed: the library signs and compares with it. */
  secret: z.string().optional(),
  /** The digest of the token that manages it (RFC 7592, 3). */
  manager: z.string().optional(),
  registeredAt: z.number(),
})
export type Registered = z.output<typeof shape>

/** Clients that registered themselves (RFC 7591). */
export const registeredClients = declare({ name: 'registered_clients', shape, unique: ['manager'] })

/** Clients of one page of the roll. */
const page = 100

/** What a client's secret is sealed for. */
export const clientContext = ({ id }: { id: string }): string => `client:${id}`

/** What is kept of clients that registered, for those who run Latchkey. */
export interface Roll {
  get(id: string): Promise<Registered | undefined>
  /** In the order of their ids, after one. */
  list(after?: string): Promise<Registered[]>
  /** Takes one off; whatever it was given is dead at once. */
  remove(id: string): Promise<boolean>
}

/** Reads the roll of a store. */
export function roll(store: Store): Roll {
  const kept = store.collection(registeredClients)
  return {
    get: kept.get,
    list: after => kept.find({}, { limit: page, ...(after !== undefined && { after }) }),
    remove: async id => (await kept.take(id)) !== undefined,
  }
}

/** A client that registered, as the house sees it: within what its policy says today. Undefined when there is no such policy any more. */
export function registeredApp({ id, policy: name, metadata }: Registered, declared: Declared): App | undefined {
  const policy = declared.policies.get(name)
  if (!policy) return undefined
  const host = hostOf(metadata)
  const apis = declared.granted(within(policy, metadata as object).apis ?? {}, own(undefined).access_token_ttl)
  return { id, name: metadata.client_name ?? host ?? id, host, tile: 'neutral', firstParty: false, apis }
}

/** Every place that a client sends people back to, because one of them alone may be somebody else's. */
function hostOf({ redirect_uris: uris = [] }: AdapterPayload): string | undefined {
  return uris.length === 0 ? undefined : placesOf(uris).join(', ')
}
