import { z } from 'zod'
import { allOf, claim, declare, retry, type Store } from '../store/collection.ts'
import type { Records } from './adapter.ts'

/** Our own scopes, and those of each API by its resource identifier. */
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
    /** The attributes that the app may be told of, and those that it may not be told of any more. */
    attributes: z.array(z.string()).optional(),
    withheld: z.array(z.string()).optional(),
    /** The digest of what people saw of an app when they allowed it (clients/appearance.ts). */
    shown: z.string().optional(),
    /** When something was last allowed, and first; when the app last got a token, accurate to the hour. */
    at: z.number(),
    since: z.number().optional(),
    usedAt: z.number().optional(),
  }),
  indexes: ['account'],
})

/** What one app was allowed: scopes, and the attributes that it may be told of; `withheld` are those that it may not be told of any more. */
export interface Allowed extends Scopes {
  attributes: readonly string[]
  withheld: readonly string[]
}

/** What one app was allowed. Times in milliseconds since the epoch. */
export interface Consent extends Allowed {
  client: string
  since: number
  usedAt: number | undefined
}

/** Milliseconds between two records that a consent is used. */
const precision = 3_600_000

export type Consents = ReturnType<typeof consents>

/** Keeps what people have allowed apps that are not of the suite. */
export function consents(store: Store, records: Records, now: () => number) {
  const kept = store.collection(consentsDeclaration)
  type Kept = z.output<typeof consentsDeclaration.shape>
  const name = (account: string, client: string): string => `${account} ${client}`

  const scopesOf = ({ oidc = [], apis = [] }: Partial<Kept>): Scopes => ({
    oidc,
    apis: Object.fromEntries(apis.map(({ resource, scopes }) => [resource, scopes])),
  })
  const allowedBy = (found: Kept): Allowed => {
    const { attributes = [], withheld = [] } = found
    return { ...scopesOf(found), attributes, withheld }
  }
  const sees = (found: Kept, shown: string | undefined): boolean => (found.shown ?? undefined) === shown

  return {
    /** Resolves to what was allowed to an app that looks as it does now (`shown`); undefined when nothing was. */
    of: async (account: string, client: string, shown?: string): Promise<Allowed | undefined> => {
      const found = await kept.get(name(account, client))
      return found && sees(found, shown) ? allowedBy(found) : undefined
    },
    /** Resolves to all that an account allows. */
    list: async (account: string): Promise<Consent[]> => {
      const found = await allOf(kept, { account })
      return found.map(each => ({
        ...allowedBy(each),
        client: each.client,
        since: each.since ?? each.at,
        usedAt: each.usedAt,
      }))
    },
    /** Records that an app got a token. */
    used: async (account: string, client: string): Promise<void> => {
      const found = await kept.get(name(account, client))
      if (found && now() - (found.usedAt ?? 0) >= precision) await kept.patch(found.id, { usedAt: now() })
    },
    /** Adds what was allowed to what was allowed before, if the app looked the same. */
    add: async (
      account: string,
      client: string,
      { attributes = [], ...allowed }: Scopes & { attributes?: readonly string[] },
      shown?: string,
    ): Promise<void> => {
      const id = name(account, client)
      await retry(async () => {
        const found = await kept.get(id)
        const same = found && sees(found, shown) ? found : undefined
        const before = scopesOf(same ?? {})
        const resources = new Set([...Object.keys(before.apis), ...Object.keys(allowed.apis)])
        const apis = [...resources].map(resource => ({
          resource,
          scopes: union(before.apis[resource], allowed.apis[resource]),
        }))
        const told = union(same?.attributes, attributes)
        const withheld = (same?.withheld ?? []).filter(each => !attributes.includes(each))
        const more = {
          ...{ oidc: union(before.oidc, allowed.oidc), apis, at: now(), shown },
          ...{ attributes: listed(told), withheld: listed(withheld) },
        }
        if (!found) return (await claim(kept, { id, account, client, ...more, since: now() })) || undefined
        // What was revoked meanwhile stays revoked, and what was allowed at the same time stays allowed.
        const since = found.since ?? found.at
        return kept.patch(id, { ...more, since }, asIs(found))
      })
    },
    /** Withholds an attribute from an app that may be told of it; it keeps all else. False where it was not told. */
    withhold: async (account: string, client: string, attribute: string): Promise<boolean> =>
      retry(async () => {
        const found = await kept.get(name(account, client))
        if (!found?.attributes?.includes(attribute)) return false
        const left = found.attributes.filter(each => each !== attribute)
        const withheld = union(found.withheld, [attribute])
        const done = await kept.patch(found.id, { attributes: listed(left), withheld }, asIs(found))
        return done && true
      }),
    /** Revokes all that was allowed; what the app has is void at once. False when nothing was allowed. */
    revoke: async (account: string, client: string): Promise<boolean> => {
      const taken = await kept.take(name(account, client))
      await Promise.all((await records.grantsOf(account, client)).map(records.revokeGrant))
      return taken !== undefined
    },
  }
}

/** Asks that a record be as it was read. */
const asIs = ({ oidc, apis, attributes, withheld, shown }: z.output<typeof consentsDeclaration.shape>) => ({
  ...{ oidc, apis, attributes, withheld, shown },
})

/** Returns a list with something in it: nobody's record names what does not concern them. */
const listed = (list: string[]): string[] | undefined => (list.length > 0 ? list : undefined)

function union(a: readonly string[] = [], b: readonly string[] = []): string[] {
  return [...new Set([...a, ...b])]
}

const hour = 3_600_000
/** Refusals after which an app may not ask that person again, for a while. */
const patience = 2

const declaration = declare({
  name: 'approval_mutes',
  shape: z.object({ id: z.string(), refusals: z.number(), expiresAt: z.number() }),
})

export type Mutes = ReturnType<typeof mutes>

/** Keeps which apps a person refused, so that none asks until they give in. */
export function mutes(store: Store, now: () => number) {
  const kept = store.collection(declaration)
  const name = (account: string, client: string): string => `${account} ${client}`
  return {
    /** Resolves to whether the app may not ask that person now. */
    has: async (account: string, client: string): Promise<boolean> =>
      ((await kept.get(name(account, client)))?.refusals ?? 0) >= patience,
    /** Records a refusal: two in an hour mute the app for that hour, a report for a day. */
    refused: async (account: string, client: string, reported: boolean): Promise<void> => {
      const id = name(account, client)
      if (reported) await kept.put({ id, refusals: patience, expiresAt: now() + 24 * hour })
      else await kept.count(id, 'refusals', 1, { id, refusals: 0, expiresAt: now() + hour })
    },
  }
}
