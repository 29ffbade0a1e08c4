import type { Context } from 'koa'
import type { ApiShown, Asking } from '../admin/api-operations.ts'
import type { PolicyShown } from '../admin/policy-operations.ts'
import { queryField } from './forms.ts'
import type { Services } from './services.ts'
import { desk, frame } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    'admin/policies': { policies: readonly PolicyShown[]; back: string }
    'admin/apis': { apis: readonly ApiShown[]; back: string }
    /** A part of the apps that may ask for it; its pages are below `base`. */
    'admin/api': ApiShown & {
      base: string
      policies: readonly { policy: string; scopes: readonly string[] }[]
      apps: readonly Asking[]
      first: boolean
      rest: string | undefined
    }
  }
}

const apps = '/admin/apps'
const home = '/admin/apis'

/** Serves the pages where staff see the policies of apps and the APIs, both of which are declared in clients.json. */
export function adminPolicies(services: Services): void {
  const { admin, show } = services
  const { page } = desk(services)

  page('/admin/policies', 'admin:apps.read', async (ctx, by) => {
    const { policies } = await admin.perform(admin.policies.list, {}, by)
    show.page(ctx, 'admin/policies', { policies, back: apps }, frame(by))
  })

  page(home, 'admin:apps.read', async (ctx, by) => {
    const { apis } = await admin.perform(admin.apis.list, {}, by)
    show.page(ctx, 'admin/apis', { apis, back: apps }, frame(by))
  })

  page(`${home}/:api`, 'admin:apps.read', async (ctx: Context, by) => {
    const which = { api: ctx.params.api ?? '' }
    const { api, policies } = await admin.perform(admin.apis.get, which, by)
    const cursor = queryField(ctx, 'after', 2_100)
    const part = await admin.perform(admin.apis.apps, { ...which, ...(cursor !== undefined && { cursor }) }, by)
    const rest = part.next === undefined ? undefined : `?${new URLSearchParams({ after: part.next })}`
    const base = `${home}/${encodeURIComponent(api.resource)}`
    const locals = { ...api, base, policies, apps: part.apps, first: cursor === undefined, rest }
    show.page(ctx, 'admin/api', locals, { ...frame(by), title: api.name })
  })
}
