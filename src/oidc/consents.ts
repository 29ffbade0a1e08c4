import { z } from 'zod'
import { declare, type Store } from '../store/collection.ts'
import type { Records } from './adapter.ts'

/** Scopes by whose they are: our own, and each API's by its resource identifier. */
export interface Scopes {
  oidc: readonly string[]
  apis: Readonly<Record<string, readonly string[]>>
}

const declaration = declare({
  name: 'consents',
  shape: z.object({
    id: z.string(),
    account: z.string(),
    client: z.string(),
    oidc: z.array(z.string()),
    apis: z.array(z.object({ resource: z.string(), scopes: z.array(z.string()) })),
    at: z.number(),
  }),
  indexes: ['account'],
})

/** What people have allowed apps that are not of the suite. */
export interface Consents {
  of(account: string, client: string): Promise<Scopes>
  /** Remembers what was allowed, beside what was before. */
  add(account: string, client: string, allowed: Scopes): Promise<void>
  /** Takes back all that was allowed; what the app holds is dead at once. */
  revoke(account: string, client: string): Promise<void>
}

/** Keeps consents on a store. */
export function consents(store: Store, records: Records, now: () => number): Consents {
  const kept = store.collection(declaration)
  const name = (account: string, client: string): string => `${account} ${client}`

  const of = async (account: string, client: string): Promise<Scopes> => {
    const found = await kept.get(name(account, client))
    return {
      oidc: found?.oidc ?? [],
      apis: Object.fromEntries(found?.apis.map(({ resource, scopes }) => [resource, scopes]) ?? []),
    }
  }
  return {
    of,
    add: async (account, client, allowed) => {
      const before = await of(account, client)
      const resources = new Set([...Object.keys(before.apis), ...Object.keys(allowed.apis)])
      const apis = [...resources].map(resource => ({
        resource,
        scopes: union(before.apis[resource], allowed.apis[resource]),
      }))
      await kept.put({
        id: name(account, client),
        account,
        client,
        oidc: union(before.oidc, allowed.oidc),
        apis,
        at: now(),
      })
    },
    revoke: async (account, client) => {
      await kept.remove({ id: name(account, client) })
      await Promise.all((await records.grantsOf(account, client)).map(records.revokeGrant))
    },
  }
}

function union(a: readonly string[] = [], b: readonly string[] = []): string[] {
  return [...new Set([...a, ...b])]
}
