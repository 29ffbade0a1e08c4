import type { Context } from 'koa'
import type { AttemptShown, WebhookShown } from '../admin/webhook-operations.ts'
import type { Problem } from '../errors.ts'
import { field, queryField } from './forms.ts'
import type { Services } from './services.ts'
import { desk, frame, type Member, reasonOf } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    'admin/webhooks': { webhooks: readonly WebhookShown[]; changes: boolean }
    /** A part of its attempts, newest first; its pages are below `base`. */
    'admin/webhook': WebhookShown & {
      base: string
      attempts: readonly AttemptShown[]
      rest: string | undefined
      changes: boolean
    }
    /** Posts `url`, `events` (one a line) and `reason` to `action`; `isNew`: it makes one. */
    'admin/webhook-form': { isNew: boolean; action: string; back: string; typed: Typed }
    /** Posts `after` and `reason` to `action`. */
    'admin/webhook-replay': { url: string; action: string; back: string; after: string; typed: string }
  }
}

interface Typed {
  url: string
  events: string
  reason: string
}

const home = '/admin/webhooks'
const changesThem = 'admin:webhooks.write'
/** How many characters of the list of event names are read. */
const longest = 10_000

/** Serves the pages where staff see webhooks and what came of their events, and change them. */
export function adminWebhooks(services: Services): void {
  const { admin, show } = services
  const { page, asks, asksFirst, posts } = desk(services)
  const pathOf = ({ params }: Context) => `${home}/${params.webhook}`
  const found = (ctx: Context, by: Member): Promise<WebhookShown> =>
    admin.perform(admin.webhooks.get, { webhook: ctx.params.webhook ?? '' }, by)

  page(home, 'admin:audit.read', async (ctx, by) => {
    const { webhooks } = await admin.perform(admin.webhooks.list, {}, by)
    show.page(ctx, 'admin/webhooks', { webhooks, changes: by.scopes.has(changesThem) }, frame(by))
  })

  const form = async (ctx: Context, by: Member, hook: WebhookShown | undefined, problem?: Problem): Promise<void> => {
    const kept = { url: hook?.url ?? '', events: hook?.events.join('\n') ?? '', reason: '' }
    const back = hook ? pathOf(ctx) : home
    const locals = { isNew: !hook, action: ctx.path, back, typed: problem ? typedIn(ctx) : kept }
    const title = hook && show.say(ctx.state.locale, 'admin.webhooks.change')
    show.page(ctx, 'admin/webhook-form', locals, { ...frame(by), problem, ...(title && { title }) })
  }

  const create = asks('/admin/new-webhook', changesThem, (ctx, by, problem) => form(ctx, by, undefined, problem))
  posts(
    '/admin/new-webhook',
    ctx => ({
      ...{ operation: 'webhooks.create', given: wishesIn(ctx), next: home, back: ctx.path },
      done: 'create-webhook',
    }),
    create,
  )

  page(`${home}/:webhook`, 'admin:audit.read', async (ctx, by) => {
    const hook = await found(ctx, by)
    const cursor = queryField(ctx, 'after', 100)
    const part = { webhook: hook.id, ...(cursor !== undefined && { cursor }) }
    const { attempts, next } = await admin.perform(admin.webhooks.attempts, part, by)
    const rest = next === undefined ? undefined : `?${new URLSearchParams({ after: next })}`
    const locals = { ...hook, base: pathOf(ctx), attempts, rest, changes: by.scopes.has(changesThem) }
    show.page(ctx, 'admin/webhook', locals, frame(by))
  })

  const change = asks(`${home}/:webhook/change`, changesThem, async (ctx, by, problem) =>
    form(ctx, by, await found(ctx, by), problem),
  )
  posts(
    `${home}/:webhook/change`,
    ctx => ({
      ...{ operation: 'webhooks.change', given: { ...wishesIn(ctx), webhook: ctx.params.webhook ?? '' } },
      ...{ next: pathOf(ctx), back: ctx.path, done: 'change-webhook' },
    }),
    change,
  )

  const replay = asks(`${home}/:webhook/replay`, changesThem, async (ctx, by, problem) => {
    const { url } = await found(ctx, by)
    const typed = { after: problem ? field(ctx, 'after', 15) : '', typed: problem ? reasonOf(ctx) : '' }
    const locals = { url, action: ctx.path, back: pathOf(ctx), ...typed }
    show.page(ctx, 'admin/webhook-replay', locals, { ...frame(by), problem })
  })
  posts(
    `${home}/:webhook/replay`,
    ctx => {
      const given = { webhook: ctx.params.webhook ?? '', after: field(ctx, 'after', 15), reason: reasonOf(ctx) }
      return { operation: 'webhooks.replay', given, next: pathOf(ctx), back: ctx.path, done: 'replay-webhook' }
    },
    replay,
  )

  asksFirst(
    `${home}/:webhook/remove`,
    changesThem,
    async (ctx, by) => {
      const { url: about } = await found(ctx, by)
      return { act: 'remove-webhook', about, back: pathOf(ctx), fields: [], two: false }
    },
    ctx => {
      const given = { webhook: ctx.params.webhook ?? '', reason: reasonOf(ctx) }
      return { operation: 'webhooks.remove', given, next: home, back: ctx.path, done: 'remove-webhook' }
    },
  )
}

const typedIn = (ctx: Context): Typed => ({
  url: field(ctx, 'url', 2_000),
  events: field(ctx, 'events', longest),
  reason: reasonOf(ctx),
})

function wishesIn(ctx: Context) {
  const { url, events, reason } = typedIn(ctx)
  return { url: url.trim(), events: events.split(/\s+/).filter(Boolean), reason }
}
