import Router from '@koa/router'
import type { SessionBook, SessionRecord } from '../accounts/session.ts'
import type { App } from '../clients/declared.ts'
import type { Consent, Consents } from '../records/consents.ts'
import { requiredField } from './forms.ts'
import { stepUp } from './step-up.ts'
import { requireSession, type Visit } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** What apps may do; posts `client` to `/account/apps/revoke`. */
    'account/apps': { others: readonly AppLine[]; suite: readonly AppLine[] }
  }
}

/** An app in words. Times in milliseconds since the epoch; undefined where nobody knows. */
interface AppLine {
  id: string
  name: string
  /** Of an app that nobody vouches for: the host to go by. */
  host: string | undefined
  tile: string
  scopes: readonly string[]
  resources: readonly { name: string; scopes: readonly string[] }[]
  since: number | undefined
  usedAt: number | undefined
}

type Services = Parameters<typeof stepUp>[0] & {
  consents: Consents
  book: SessionBook
  /** An app by its client id. */
  app: (client: string) => Promise<App | undefined>
}

const path = '/account/apps'
/** Characters of the longest client id: it may be a URL. */
const longest = 2_048

/** What apps may do with an account: those that its owner let in, to see and to revoke, and those of the suite, which are in anyway. */
export function apps(services: Services): Router<Visit> {
  const { actions, consents, book, app, show } = services
  const router = new Router<Visit>()
  const { page } = requireSession(services)
  const { post } = stepUp(services)

  const allowed = async ({ client, oidc, apis, since, usedAt }: Consent): Promise<AppLine> => {
    // One that is not declared any more can still be revoked.
    const { name = client, host, tile = 'neutral', apis: known } = (await app(client)) ?? {}
    const resources = Object.entries(apis).map(([id, scopes]) => ({ name: known?.get(id)?.name ?? id, scopes }))
    return { id: client, name, host, tile, scopes: oidc, resources, since, usedAt }
  }
  const ofSuite = async (records: readonly SessionRecord[]): Promise<AppLine[]> => {
    const known = await Promise.all([...new Set(records.flatMap(each => each.apps))].map(app))
    return known.flatMap(found => {
      if (!found?.firstParty) return []
      const { id } = found
      const opened = records.filter(each => each.apps.includes(id))
      const usedAt = Math.max(...opened.map(each => each.endedAt ?? each.seenAt))
      return {
        id,
        name: found.name,
        host: undefined,
        tile: found.tile,
        scopes: [],
        resources: [],
        since: undefined,
        usedAt,
      }
    })
  }

  page(router, path, async (ctx, { account: { id, email } }) => {
    const [others, records] = await Promise.all([consents.list(id), book.all(id)])
    const [letIn, suite] = await Promise.all([Promise.all(others.map(allowed)), ofSuite(records)])
    const locals = { others: letIn.sort(byUse), suite: suite.sort(byUse) }
    show.page(ctx, 'account/apps', locals, { person: { email } })
  })

  post(router, `${path}/revoke`, actions.sessions.revokeApp, ctx => ({ client: requiredField(ctx, 'client', longest) }))
  return router
}

/** The one that was used last comes first. */
function byUse(one: AppLine, other: AppLine): number {
  return (other.usedAt ?? other.since ?? 0) - (one.usedAt ?? one.since ?? 0)
}
