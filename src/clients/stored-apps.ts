import { z } from 'zod'
import type { Sealer } from '../crypto/seal.ts'
import { type Collection, claim, declare, type Store, update } from '../store/collection.ts'
import { templateNames } from './app-templates.ts'

const shape = z.object({
  /** The client id. */
  id: z.string(),
  template: z.enum(templateNames),
  /** As clients.json would have it, without the secret. */
  entry: z.custom<Record<string, unknown>>(),
  /** Sealed: the library compares with it. */
  secret: z.string().optional(),
  /** The secret before, sealed, and until when it counts beside the new one. */
  former: z.object({ secret: z.string(), until: z.number() }).optional(),
  createdAt: z.number(),
  rotatedAt: z.number().optional(),
  /** Since when it is off: then it is as unknown as one that is not there. */
  disabledAt: z.number().optional(),
  rev: z.number(),
})
export type StoredApp = z.output<typeof shape>

/** Apps that staff made: beside clients.json, which nothing but a person with an editor changes. */
export const storedAppsDeclaration = declare({ name: 'apps', shape })

/** Returns the context that an app's secrets are sealed in. */
export const appContext = ({ id }: { id: string }): string => `app:${id}`

/** Clients that register themselves have ids that begin with this; no app of staff does. */
export const registeredPrefix = 'app_'

const page = 100

export type StoredApps = ReturnType<typeof storedApps>

/** Keeps apps that staff made. Every process reads them anew for each request, so a change counts at once and everywhere. */
export function storedApps(store: Store) {
  const kept = store.collection(storedAppsDeclaration) as Collection<StoredApp>
  return {
    get: async (id: string): Promise<StoredApp | undefined> =>
      id.startsWith(registeredPrefix) ? undefined : kept.get(id),
    /** Resolves to a page of apps in the order of their ids, after one of them. */
    list: (after?: string, limit = page): Promise<StoredApp[]> => kept.find({}, { limit, after }),
    /** Adds an app; false when its id is taken. */
    add: (app: StoredApp): Promise<boolean> => claim(kept, app),
    /** Changes an app as `made` says of how it stands; undefined where there is none. */
    change: (id: string, made: (found: StoredApp) => Partial<StoredApp> | undefined): Promise<StoredApp | undefined> =>
      update(kept, id, 'rev', made),
  }
}

/** Opens an app's secrets: the one that counts, and the former one while it counts, too. Throws SealError. */
export function secretsOf(app: Pick<StoredApp, 'id' | 'secret' | 'former'>, sealer: Pick<Sealer, 'open'>) {
  const open = (sealed: string | undefined) => sealed && sealer.open(sealed, appContext(app))
  return {
    secret: open(app.secret),
    former: app.former && { secret: sealer.open(app.former.secret, appContext(app)), until: app.former.until },
  }
}
