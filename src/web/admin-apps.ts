import type { Context } from 'koa'
import { usualOverlap } from '../admin/app-keeper.ts'
import type { AppShown } from '../admin/app-operations.ts'
import { appLines } from '../clients/app-fields.ts'
import { templateNames } from '../clients/app-templates.ts'
import { rolesOfApp } from '../clients/attributes.ts'
import { Problem } from '../errors.ts'
import { type InvitedBy, invitedFor } from './admin-invitations.ts'
import { checkedWishes, type Typed, typedIn, typedOf, wishesIn } from './app-form.ts'
import { field, queryField } from './forms.ts'
import type { Services } from './services.ts'
import { seeOther } from './show.ts'
import { desk, frame, type Member, reasonOf } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    /** A part of the list of apps; where the `rest` is. */
    'admin/apps': { apps: readonly AppShown[]; first: boolean; rest: string | undefined; changes: boolean }
    /** `changes`: the one who looks may change it; `turns`: disable it; `base` is its address; `came`: who made its invitation, and when. */
    'admin/app': Omit<AppShown, 'claims'> & {
      claims: readonly string[]
      base: string
      changes: boolean
      turns: boolean
      secretive: boolean
      usage: Usage
      came: InvitedBy | undefined
    }
    /** Posts to `action`: a new app where there is no `id`. */
    'admin/app-form': {
      id: string | undefined
      action: string
      back: string
      templates: readonly string[]
      apis: readonly { resource: string; name: string; scopes: readonly string[] }[]
      /** What third parties can be told of, and where their details are checked while they are typed. */
      attributes: readonly string[]
      checks: string
      typed: Typed
    }
    /** Asks before an app gets a new secret: posts `hours` and `reason` to `action`. */
    'admin/app-rotate': { name: string; action: string; back: string; hours: string; typed: string }
    /** Shows an app's secret this once; until when the former one is accepted. */
    'admin/app-secret': { id: string; name: string; secret: string; back: string; formerUntil: number | undefined }
  }
}

/** How much an app is used, by period; nothing where that is not counted. */
type Usage = readonly { period: string; signIns: number; tokens: number }[]

const home = '/admin/apps'
/** Where apps come from that staff can disable; those that registered can be removed as well. */
const turned: readonly AppShown['source'][] = ['store', 'registration']
const pathOf = (id: string) => `${home}/${encodeURIComponent(id)}`

/** Serves the pages where staff look at apps, make them and change them. */
export function adminApps(services: Services): void {
  const { admin, show } = services
  const { page, asks, asksFirst, member, reader, performs, posting, posts } = desk(services)
  const { list, get } = admin.apps
  const invitedBy = invitedFor(services)

  const found = (ctx: Context, by: Member): Promise<AppShown> => admin.perform(get, { app: ctx.params.app ?? '' }, by)
  const changeable = async (
    ctx: Context,
    by: Member,
    sources: readonly AppShown['source'][] = ['store'],
  ): Promise<AppShown> => {
    const app = await found(ctx, by)
    if (!sources.includes(app.source)) throw new Problem('not_found')
    return app
  }

  page(home, 'admin:apps.read', async (ctx, by) => {
    const cursor = queryField(ctx, 'after', 2_100)
    const { apps, next } = await admin.perform(list, cursor === undefined ? {} : { cursor }, by)
    const rest = next === undefined ? undefined : `?${new URLSearchParams({ after: next })}`
    const locals = { apps, first: cursor === undefined, rest, changes: by.scopes.has('admin:apps.write') }
    show.page(ctx, 'admin/apps', locals, frame(by))
  })

  const form = async (ctx: Context, by: Member, app: AppShown | undefined, problem?: Problem): Promise<void> => {
    const [{ apis }, { attributes: all }] = await Promise.all([
      admin.perform(admin.apis.list, {}, by),
      admin.perform(admin.attributes.list, {}, by),
    ])
    const attributes = [...all.filter(({ name }) => name !== undefined).map(each => each.attribute), rolesOfApp]
    const back = app ? pathOf(app.client_id) : home
    const typed = problem ? typedIn(ctx) : typedOf(app)
    const where = { action: ctx.path, checks: app ? `${back}/check` : '/admin/new-app/check', back }
    const locals = { id: app?.client_id, ...where, templates: templateNames, apis, attributes, typed }
    const title = app && show.say(ctx.state.locale, 'admin.apps.change', { app: app.client_name })
    show.page(ctx, 'admin/app-form', locals, { ...frame(by), problem, ...(title && { title }) })
  }

  /** Performs an operation whose outcome is shown once, as the answer to its post. */
  const shownOnce = (
    path: string,
    operation: 'apps.create' | 'apps.rotate',
    given: (ctx: Context) => Record<string, unknown>,
    again: ReturnType<typeof asks>,
  ) =>
    performs(
      path,
      ctx => ({ operation, given: given(ctx), back: ctx.path }),
      again,
      async (ctx, person, made) => {
        const { app, secret } = made as Made
        const { client_id: id, client_name: name, formerUntil } = app
        if (secret === undefined) return seeOther(ctx, pathOf(id))
        show.page(
          ctx,
          'admin/app-secret',
          { id, name, secret, back: pathOf(id), formerUntil },
          frame(await member(ctx, person)),
        )
      },
    )

  const create = asks('/admin/new-app', 'admin:apps.write', (ctx, by, problem) => form(ctx, by, undefined, problem))
  shownOnce(
    '/admin/new-app',
    'apps.create',
    ctx => {
      const { template, client_id: id } = typedIn(ctx)
      return { ...wishesIn(ctx), template, ...(id !== '' && { client_id: id }), reason: reasonOf(ctx) }
    },
    create,
  )

  /** Says what is wrong with what was typed so far, field by field, to those for whom the form opens: a check changes nothing, so it takes what reading takes. */
  const checks = (path: string, kind: (ctx: Context, by: Member) => Promise<{ template: string; id: string }>) =>
    posting(path, async (ctx, person) => {
      const by = await reader(ctx, person, 'admin:apps.write')
      const { template, id } = await kind(ctx, by)
      const text = ({ code, values }: Problem) => show.say(ctx.state.locale, `problem.${code}`, values)
      const problems = admin.appFaults(...checkedWishes(ctx, template, id))
      ctx.body = { faults: problems.map(each => ({ field: each.field, text: text(each) })) }
    })
  checks('/admin/new-app/check', async ctx => {
    const { template, client_id: id } = typedIn(ctx)
    return { template, id }
  })
  checks(`${home}/:app/check`, async (ctx, by) => {
    const { template = '', client_id: id } = await changeable(ctx, by)
    return { template, id }
  })

  page(`${home}/:app`, 'admin:apps.read', async (ctx, by) => {
    const app = await found(ctx, by)
    const writes = by.scopes.has('admin:apps.write')
    const changes = app.source === 'store' && writes
    const turns = turned.includes(app.source) && writes
    const came = app.invitation === undefined ? undefined : await invitedBy(app.invitation, by)
    const secretive = app.token_endpoint_auth_method?.startsWith('client_secret') ?? false
    const { usage } = await admin.perform(admin.apps.usage, { app: app.client_id }, by)
    const { claims } = appLines(app)
    const locals = { ...app, claims, base: pathOf(app.client_id), changes, turns, secretive, usage, came }
    show.page(ctx, 'admin/app', locals, { ...frame(by), title: app.client_name })
  })

  const change = asks(`${home}/:app/change`, 'admin:apps.write', async (ctx, by, problem) =>
    form(ctx, by, await changeable(ctx, by), problem),
  )
  posts(
    `${home}/:app/change`,
    ctx => {
      const { app = '' } = ctx.params
      const given = { ...wishesIn(ctx), app, reason: reasonOf(ctx) }
      return { operation: 'apps.change', given, next: pathOf(app), back: ctx.path, done: 'change-app' }
    },
    change,
  )

  const rotate = asks(`${home}/:app/rotate`, 'admin:apps.write', async (ctx, by, problem) => {
    const { client_id: id, client_name: name } = await changeable(ctx, by)
    const hours = problem ? field(ctx, 'hours', 4) : String(usualOverlap)
    const locals = { name, action: ctx.path, back: pathOf(id), hours, typed: problem ? reasonOf(ctx) : '' }
    show.page(ctx, 'admin/app-rotate', locals, { ...frame(by), problem })
  })
  shownOnce(
    `${home}/:app/rotate`,
    'apps.rotate',
    ctx => ({ app: ctx.params.app ?? '', hours: field(ctx, 'hours', 4), reason: reasonOf(ctx) }),
    rotate,
  )

  for (const what of ['disable', 'enable', 'remove'] as const)
    asksFirst(
      `${home}/:app/${what}`,
      'admin:apps.write',
      async (ctx, by) => {
        const { client_id: id, client_name: about } = await changeable(
          ctx,
          by,
          what === 'remove' ? turned.slice(1) : turned,
        )
        const button = what === 'remove' ? { button: show.say(ctx.state.locale, 'act.remove') } : {}
        return { act: `${what}-app`, about, back: pathOf(id), fields: [], two: false, ...button }
      },
      ctx => {
        const { app = '' } = ctx.params
        const given = { app, reason: reasonOf(ctx) }
        const next = what === 'remove' ? home : pathOf(app)
        return { operation: `apps.${what}`, given, next, back: ctx.path, done: `${what}-app` }
      },
    )
}

interface Made {
  app: AppShown
  secret: string | undefined
}
