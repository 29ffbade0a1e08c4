import { z } from 'zod'
import { declare, type Store } from '../store/collection.ts'
import type { Records } from './adapter.ts'

/** Scopes by whose they are: our own, and each API's by its resource identifier. */
export interface Scopes {
  oidc: readonly string[]
  apis: Readonly<Record<string, readonly string[]>>
}

export const consentsDeclaration = declare({
  name: 'consents',
  shape: z.object({
    id: z.string(),
    account: z.string(),
    client: z.string(),
    oidc: z.array(z.string()),
    apis: z.array(z.object({ resource: z.string(), scopes: z.array(z.string()) })),
    /** When something was last allowed, and first; when the app last got a token, to the hour. */
    at: z.number(),
    since: z.number().optional(),
    usedAt: z.number().optional(),
  }),
  indexes: ['account'],
})

/** What one app was allowed. Times in milliseconds since the epoch. */
export interface Consent extends Scopes {
  client: string
  since: number
  usedAt: number | undefined
}

/** Milliseconds between two notes that a consent is in use. */
const sparing = 3_600_000

/** What people have allowed apps that are not of the suite. */
export interface Consents {
  of(account: string, client: string): Promise<Scopes>
  /** All that an account allows. */
  list(account: string): Promise<Consent[]>
  /** Notes that an app got a token. */
  used(account: string, client: string): Promise<void>
  /** Remembers what was allowed, beside what was before. */
  add(account: string, client: string, allowed: Scopes): Promise<void>
  /** Takes back all that was allowed; what the app holds is dead at once. False when nothing was. */
  revoke(account: string, client: string): Promise<boolean>
}

/** Keeps consents on a store. */
export function consents(store: Store, records: Records, now: () => number): Consents {
  const kept = store.collection(consentsDeclaration)
  type Kept = z.output<typeof consentsDeclaration.shape>
  const name = (account: string, client: string): string => `${account} ${client}`

  const scopesOf = ({ oidc = [], apis = [] }: Partial<Kept>): Scopes => ({
    oidc,
    apis: Object.fromEntries(apis.map(({ resource, scopes }) => [resource, scopes])),
  })
  const of = async (account: string, client: string): Promise<Scopes> =>
    scopesOf((await kept.get(name(account, client))) ?? {})

  return {
    of,
    list: async account => {
      const found = await kept.find({ account }, { limit: 1_000 })
      return found.map(each => ({
        ...scopesOf(each),
        client: each.client,
        since: each.since ?? each.at,
        usedAt: each.usedAt,
      }))
    },
    used: async (account, client) => {
      const found = await kept.get(name(account, client))
      if (found && now() - (found.usedAt ?? 0) >= sparing) await kept.patch(found.id, { usedAt: now() })
    },
    add: async (account, client, allowed) => {
      const found = await kept.get(name(account, client))
      const before = scopesOf(found ?? {})
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
        since: found?.since ?? found?.at ?? now(),
        usedAt: found?.usedAt,
      })
    },
    revoke: async (account, client) => {
      const taken = await kept.take(name(account, client))
      await Promise.all((await records.grantsOf(account, client)).map(records.revokeGrant))
      return taken !== undefined
    },
  }
}

function union(a: readonly string[] = [], b: readonly string[] = []): string[] {
  return [...new Set([...a, ...b])]
}
