import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import type { SessionRecord } from '../accounts/session.ts'
import type { Consent } from '../records/consents.ts'
import { requiredField } from './forms.ts'
import type { Services } from './services.ts'
import { type ToldAttribute, toldAttributes } from './told-attributes.ts'

declare module './pages.ts' {
  interface Pages {
    /** Shows what apps may do; posts `client` to `/account/apps/revoke`, with `attribute` to `/account/apps/withhold`. */
    'account/apps': { others: readonly AppLine[]; suite: readonly AppLine[] }
  }
}

/** An app in words. Times in milliseconds since the epoch; undefined where they are unknown. */
interface AppLine {
  id: string
  name: string
  /** The host to judge it by, of an app that the operator did not declare. */
  host: string | undefined
  tile: string
  scopes: readonly string[]
  resources: readonly { name: string; scopes: readonly string[] }[]
  told: readonly ToldAttribute[]
  since: number | undefined
  usedAt: number | undefined
}

const path = '/account/apps'
/** Characters of the longest client id: it may be a URL. */
const longest = 2_048

/** Serves the page that shows what apps may do with an account: apps that its owner let in and may revoke, and apps of the suite, which are always in. */
export function apps(services: Services): void {
  const { actions, consents, book, app, show, page, post } = services
  const toldOf = toldAttributes(services)
  const allowed = async (ctx: Context, account: Account, consent: Consent): Promise<AppLine> => {
    const { client, oidc, apis, attributes, since, usedAt } = consent
    // An app that is not declared any more can still be revoked.
    const { name = client, host, tile = 'neutral', apis: known } = (await app(client)) ?? {}
    const resources = Object.entries(apis).map(([id, scopes]) => ({ name: known?.get(id)?.name ?? id, scopes }))
    const told = await toldOf(ctx, client, account, attributes)
    return { id: client, name, host, tile, scopes: oidc, resources, told, since, usedAt }
  }
  const ofSuite = async (records: readonly SessionRecord[]): Promise<AppLine[]> => {
    const known = await Promise.all([...new Set(records.flatMap(each => each.apps))].map(app))
    return known.flatMap(found => {
      if (!found?.firstParty) return []
      const { id, name, tile } = found
      const opened = records.filter(each => each.apps.includes(id))
      const usedAt = Math.max(...opened.map(each => each.endedAt ?? each.seenAt))
      return { id, name, tile, usedAt, host: undefined, scopes: [], resources: [], told: [], since: undefined }
    })
  }

  page(path, async (ctx, { account }) => {
    const { id, email } = account
    const [others, records] = await Promise.all([consents.list(id), book.all(id)])
    const [letIn, suite] = await Promise.all([
      Promise.all(others.map(each => allowed(ctx, account, each))),
      ofSuite(records),
    ])
    const locals = { others: letIn.sort(byUse), suite: suite.sort(byUse) }
    show.page(ctx, 'account/apps', locals, { person: { email } })
  })

  post(`${path}/revoke`, actions.sessions.revokeApp, ctx => ({ client: requiredField(ctx, 'client', longest) }))
  post(`${path}/withhold`, actions.sessions.withholdAttribute, ctx => ({
    client: requiredField(ctx, 'client', longest),
    attribute: requiredField(ctx, 'attribute', 40),
  }))
}

/** Sorts the app that was used last first. */
function byUse(one: AppLine, other: AppLine): number {
  return (other.usedAt ?? other.since ?? 0) - (one.usedAt ?? one.since ?? 0)
}
