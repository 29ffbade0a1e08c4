import { together } from '../accounts/role.ts'
import { adminApi } from '../clients/apis.ts'
import type { AppWishes } from '../clients/app-fields.ts'
import { entryOf, hasSecret, idFrom, problemOf, type Template } from '../clients/app-templates.ts'
import type { ClaimPlace } from '../clients/attributes.ts'
import { extensionsOf } from '../clients/client-extensions.ts'
import type { Declared } from '../clients/declared.ts'
import { within } from '../clients/policies.ts'
import type { Registered, Registrations } from '../clients/registrations.ts'
import { type Clients, isDocument } from '../clients/registry.ts'
import { about, strangersFaults } from '../clients/rules.ts'
import { appContext, registeredPrefix, type StoredApp, type StoredApps } from '../clients/stored-apps.ts'
import { token } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'

interface Services {
  stored: StoredApps
  clients: Pick<Clients, 'declared' | 'app'>
  registrations: Pick<Registrations, 'get' | 'list' | 'disable' | 'remove'>
  sealer: Pick<Sealer, 'seal'>
  issuer: string
  now: () => number
}

/** Where an app is declared. */
export const appSources = ['file', 'store', 'registration', 'document'] as const

const hour = 3_600_000
/** How long a former secret is accepted at most, in hours. */
export const longestOverlap = 24 * 30
/** How long it is unless staff say otherwise: a day to roll the new one out. */
export const usualOverlap = 24
const page = 50

export type AppView = ReturnType<typeof ofEntry>
/** Throws where somebody may not have to do with an app that asks for these scopes of APIs. */
type Limit = (entry: Readonly<Record<string, unknown>>) => void
const unlimited: Limit = () => undefined

/** Lists every app, and makes and changes those of the store. Throws `not_found` for changes of any other. */
export function appKeeper({ stored, clients, registrations, sealer, issuer, now }: Services) {
  const { resource } = adminApi(issuer)
  const checked = (entry: Record<string, unknown>, declared: Declared): void => {
    const { client, faults } = faultsIn(entry, declared, issuer)
    const problem = problemOf(faults, entry)
    if (problem) throw problem
    // Who makes an app has its secret, and the tokens of others of the staff who use it: proposing by it and confirming by hand, one of
    // the staff would be both who have to look. The role that a service proposes is the word of who confirms it alone.
    const service = client.grant_types?.every(each => each === 'client_credentials')
    const barred = service ? (['admin:people.loosen'] as const) : together
    if (barred.some(each => client.apis?.[resource]?.includes(each)))
      throw new Problem('invalid_app', { cause: new Error(`apis: ${barred} is for apps of clients.json`) })
  }

  /** Tells whether an id is declared in the file, or one that no app gets that registers itself. */
  const ofOperator = (id: string) => !id.startsWith(registeredPrefix) || clients.declared().app(id) !== undefined

  /** Changes an app of the store that the file does not declare. */
  const changing = async (
    id: string,
    made: (found: StoredApp) => Partial<StoredApp> | undefined,
  ): Promise<StoredApp> => {
    const found = clients.declared().app(id) ? undefined : await stored.change(id, made)
    if (!found) throw new Problem('not_found')
    return found
  }

  const ofStore = (doc: StoredApp) => {
    const { client } = clients.declared().read(clients.declared().pruned(doc.entry))
    const { template, createdAt, rotatedAt, disabledAt, former } = doc
    const formerUntil = former && former.until > now() ? former.until : undefined
    return { ...ofEntry('store', client), template, createdAt, rotatedAt, disabledAt, formerUntil }
  }

  const one = async (id: string): Promise<AppView | undefined> => {
    const declared = clients.declared().entries.find(each => each.client_id === id)
    if (declared) return ofEntry('file', declared)
    if (isDocument(id, '*')) {
      const app = await clients.app(id)
      return app && ofEntry('document', { client_id: id, client_name: app.name })
    }
    const doc = await stored.get(id)
    if (doc) return ofStore(doc)
    const registered = await registrations.get(id)
    return registered && ofRegistered(registered, clients.declared())
  }

  return {
    /** Returns an app as staff see it, whatever its source. Throws `not_found`. */
    one: async (id: string): Promise<AppView> => {
      const found = await one(id)
      if (!found) throw new Problem('not_found')
      return found
    },
    /** Returns a page of apps: those of the file, then those of the store, then those that registered; `next` is the cursor of the page after it. */
    list: async (after?: string): Promise<{ apps: AppView[]; next: string | undefined }> => {
      const [, source = 'file', last] = /^(file|store|registration):(.*)$/s.exec(after ?? '') ?? []
      const { entries } = clients.declared()
      const apps: AppView[] = []
      if (source === 'file') {
        const at = entries.findIndex(each => each.client_id === last)
        const from = last === undefined ? 0 : at < 0 ? entries.length : at + 1
        for (const each of entries.slice(from, from + page)) apps.push(ofEntry('file', each))
        if (apps.length === page) return { apps, next: `file:${apps.at(-1)?.client_id}` }
      }
      if (source !== 'registration') {
        const wanted = page - apps.length
        const found = await stored.list(source === 'store' ? last : undefined, wanted)
        // The file has the last word about an id.
        apps.push(...found.filter(({ id }) => !clients.declared().app(id)).map(ofStore))
        if (found.length === wanted) return { apps, next: `store:${found.at(-1)?.id}` }
      }
      const left = page - apps.length
      const found = await registrations.list(source === 'registration' ? last : undefined)
      apps.push(...found.slice(0, left).map(each => ofRegistered(each, clients.declared())))
      return { apps, next: found.length > left ? `registration:${found[left - 1]?.id}` : undefined }
    },
    /** Makes an app of a template; its secret is told this once. Throws what is wrong with it, beside the field. */
    create: async (template: Template, id: string | undefined, wishes: AppWishes, limit = unlimited) => {
      const client = id ?? idFrom(wishes.client_name)
      const declared = clients.declared()
      const entry = entryOf(template, client, wishes)
      checked(entry, declared)
      limit(entry)
      if (client.startsWith(registeredPrefix)) throw new Problem('invalid_app_id', { field: 'client_id' })
      const secret = hasSecret(template) ? token() : undefined
      const doc: StoredApp = {
        ...{ id: client, template, entry, createdAt: now(), rev: 0 },
        ...(secret !== undefined && { secret: sealer.seal(secret, appContext({ id: client })) }),
      }
      const added = !declared.app(client) && (await stored.add(doc))
      if (!added) throw new Problem('app_id_taken', { field: 'client_id' })
      return { app: ofStore(doc), secret }
    },
    /** Changes what staff say of an app: all of it is replaced. */
    change: async (id: string, wishes: AppWishes, limit = unlimited): Promise<AppView> => {
      const found = await changing(id, ({ template, entry }) => {
        const next = entryOf(template, id, wishes)
        checked(next, clients.declared())
        for (const each of [entry, next]) limit(each)
        return JSON.stringify(next) === JSON.stringify(entry) ? undefined : { entry: next }
      })
      return ofStore(found)
    },
    /** Gives an app a new secret, told this once; the former one counts for so many more hours. Throws `app_without_secret`. */
    rotate: async (id: string, hours: number, limit = unlimited) => {
      const secret = token()
      const until = now() + hours * hour
      const found = await changing(id, ({ secret: former, entry }) => {
        limit(entry)
        if (former === undefined) throw new Problem('app_without_secret')
        const sealed = sealer.seal(secret, appContext({ id }))
        return { secret: sealed, former: hours > 0 ? { secret: former, until } : undefined, rotatedAt: now() }
      })
      return { app: ofStore(found), secret }
    },
    /** Switches an app off or on: while it is off it is as unknown as one that is not there. */
    disable: async (id: string, off: boolean): Promise<AppView> => {
      const itself = ofOperator(id) ? undefined : await registrations.disable(id, off ? now() : undefined)
      if (itself) return ofRegistered(itself, clients.declared())
      const found = await changing(id, ({ disabledAt }) =>
        off === (disabledAt !== undefined) ? undefined : { disabledAt: off ? now() : undefined },
      )
      return ofStore(found)
    },
    /** Removes an app that registered itself: what it was given is worthless at once. Throws `not_found` for any other. */
    remove: async (id: string): Promise<void> => {
      if (ofOperator(id) || !(await registrations.remove(id))) throw new Problem('not_found')
    },
  }
}

/** Returns a check that lists every fault of an app before it is made or changed, as one Problem for each field. */
export function appFaults({ clients, issuer }: Pick<Services, 'issuer'> & { clients: Pick<Clients, 'declared'> }) {
  return (template: Template, id: string, wishes: AppWishes): Problem[] => {
    const entry = entryOf(template, id, wishes)
    const { faults } = faultsIn(entry, clients.declared(), issuer)
    return [...Map.groupBy(faults, about).values()].flatMap(each => problemOf(each, entry) ?? [])
  }
}

function faultsIn(entry: Record<string, unknown>, declared: Declared, issuer: string) {
  const { client, faults } = declared.read(entry)
  return { client, faults: faults.length > 0 ? faults : strangersFaults(client, issuer) }
}

interface Entry {
  client_id?: string | undefined
  client_name?: string | undefined
  token_endpoint_auth_method?: string | undefined
  grant_types?: readonly string[] | undefined
  redirect_uris?: readonly string[] | undefined
  post_logout_redirect_uris?: readonly string[] | undefined
  backchannel_logout_uri?: string | undefined
  scope?: string | undefined
  first_party?: boolean | undefined
  apis?: Readonly<Record<string, readonly string[]>> | undefined
  roles?: readonly string[] | undefined
  claims?: Readonly<Record<string, { from: string; in: readonly ClaimPlace[] }>> | undefined
  access_token_ttl?: number | undefined
  default_acr_values?: readonly string[] | undefined
}

/** Returns an app as staff see it. Times in milliseconds since the epoch. */
function ofEntry(source: (typeof appSources)[number], entry: Entry) {
  return {
    source,
    client_id: entry.client_id ?? '',
    client_name: entry.client_name ?? '',
    token_endpoint_auth_method: entry.token_endpoint_auth_method,
    grant_types: [...(entry.grant_types ?? [])],
    redirect_uris: [...(entry.redirect_uris ?? [])],
    post_logout_redirect_uris: [...(entry.post_logout_redirect_uris ?? [])],
    backchannel_logout_uri: entry.backchannel_logout_uri,
    scope: entry.scope,
    first_party: entry.first_party ?? false,
    apis: Object.fromEntries(Object.entries(entry.apis ?? {}).map(([resource, scopes]) => [resource, [...scopes]])),
    roles: [...(entry.roles ?? [])],
    claims: Object.fromEntries(
      Object.entries(entry.claims ?? {}).map(([name, each]) => [name, { from: each.from, in: [...each.in] }]),
    ),
    /** How long its access tokens live, in seconds. */
    access_token_ttl: entry.access_token_ttl ?? extensionsOf(undefined).access_token_ttl,
    default_acr_values: entry.default_acr_values && [...entry.default_acr_values],
    /** What it was made from, of an app of the store. */
    template: undefined as Template | undefined,
    createdAt: undefined as number | undefined,
    rotatedAt: undefined as number | undefined,
    disabledAt: undefined as number | undefined,
    /** Until when its former secret counts. */
    formerUntil: undefined as number | undefined,
    /** Under which policy an app registered itself, and with which invitation. */
    policy: undefined as string | undefined,
    invitation: undefined as string | undefined,
  }
}

function ofRegistered(
  { id, metadata, registeredAt, disabledAt, policy, invitation }: Registered,
  { policies }: Declared,
): AppView {
  // An app that registered itself is told no roles and no attributes, whatever its metadata say.
  const { roles, claims, ...said } = metadata as Entry
  const bounds = policies.get(policy)
  const entry = { ...said, client_id: id, apis: bounds ? within(bounds, metadata as object).apis : {} }
  return { ...ofEntry('registration', entry), createdAt: registeredAt, disabledAt, policy, invitation }
}
