import { z } from 'zod'
import { claim, declare, retry, type Store } from '../store/collection.ts'
import { allOf } from '../store/whole-lists.ts'
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
    /** What people saw of an app that nobody vouches for, when they allowed it. */
    shown: z.string().optional(),
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
  /** Resolves to what was allowed to an app that looks as it does now (`shown`); undefined when nothing was. */
  of(account: string, client: string, shown?: string): Promise<Scopes | undefined>
  /** All that an account allows. */
  list(account: string): Promise<Consent[]>
  /** Notes that an app got a token. */
  used(account: string, client: string): Promise<void>
  /** Remembers what was allowed, beside what was before to an app that looked the same. */
  add(account: string, client: string, allowed: Scopes, shown?: string): Promise<void>
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
  const of = async (account: string, client: string, shown?: string): Promise<Scopes | undefined> => {
    const found = await kept.get(name(account, client))
    return found && sees(found, shown) ? scopesOf(found) : undefined
  }
  const sees = (found: Kept, shown: string | undefined): boolean => (found.shown ?? undefined) === shown

  return {
    of,
    list: async account => {
      const found = await allOf(kept, { account })
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
    add: async (account, client, allowed, shown) => {
      const id = name(account, client)
      await retry(async () => {
        const found = await kept.get(id)
        const before = scopesOf(found && sees(found, shown) ? found : {})
        const resources = new Set([...Object.keys(before.apis), ...Object.keys(allowed.apis)])
        const apis = [...resources].map(resource => ({
          resource,
          scopes: union(before.apis[resource], allowed.apis[resource]),
        }))
        const more = { oidc: union(before.oidc, allowed.oidc), apis, at: now(), shown }
        if (!found) return (await claim(kept, { id, account, client, ...more, since: now() })) || undefined
        // What was taken back meanwhile stays taken back, and what was allowed beside it stays allowed.
        const since = found.since ?? found.at
        return kept.patch(id, { ...more, since }, { oidc: found.oidc, apis: found.apis })
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

const hour = 3_600_000
/** Refusals after which an app may ask that person for nothing more, for a while. */
const patience = 2

const declaration = declare({
  name: 'approval_mutes',
  shape: z.object({ id: z.string(), refusals: z.number(), expiresAt: z.number() }),
})

/** Apps that a person said no to, so that nobody is asked until they give in. */
export interface Mutes {
  /** May the app not ask that person now? */
  has(account: string, client: string): Promise<boolean>
  /** Notes a refusal: two in an hour mute the app for that hour, a report for a day. */
  refused(account: string, client: string, reported: boolean): Promise<void>
}

/** Keeps mutes on a store. */
export function mutes(store: Store, now: () => number): Mutes {
  const kept = store.collection(declaration)
  const name = (account: string, client: string): string => `${account} ${client}`
  return {
    has: async (account, client) => ((await kept.get(name(account, client)))?.refusals ?? 0) >= patience,
    refused: async (account, client, reported) => {
      const id = name(account, client)
      if (reported) await kept.put({ id, refusals: patience, expiresAt: now() + 24 * hour })
      else await kept.count(id, 'refusals', 1, { id, refusals: 0, expiresAt: now() + hour })
    },
  }
}
