import Router from '@koa/router'
import ipaddr from 'ipaddr.js'
import type { Context } from 'koa'
import { Problem } from '../errors.ts'
import { queryField } from './forms.ts'
import type { Show } from './show.ts'
import type { Visit } from './visiting.ts'

/** A message that the development outbox kept. */
interface Kept {
  id: string
  at: number
  channel: 'email' | 'sms'
  to: string
  subject: string
  text: string
  code?: string
  link?: string
}

interface Services {
  /** Resolves to whether the store can be written. */
  ready: () => Promise<boolean>
  /** Prometheus' text, and who may read it, by the Authorization header; undefined: there is no such page. */
  metrics: { admits: (authorization: string) => boolean; text: () => Promise<string> } | undefined
  /** The development outbox, for this machine alone; undefined where messages really go out. */
  kept: ((to?: string) => Promise<Kept[]>) | undefined
  show: Show
}

/** Pages for those who run Latchkey, and for those who build on it. */
export function operating({ ready, metrics, kept, show }: Services): Router<Visit> {
  const router = new Router<Visit>()

  router.get('/', ctx => ctx.redirect('/account'))
  router.get('/help', ctx => show.page(ctx, 'help', {}))

  router.get('/health/live', ctx => {
    ctx.body = { status: 'ok' }
  })
  router.get('/health/ready', async ctx => {
    if (await ready()) {
      ctx.body = { status: 'ok' }
      return
    }
    ctx.status = 503
    ctx.set('Retry-After', '1')
    ctx.body = { status: 'unavailable', store: 'cannot be written' }
  })

  if (metrics) {
    router.get('/metrics', async ctx => {
      if (!metrics.admits(ctx.get('Authorization'))) {
        ctx.set('WWW-Authenticate', 'Bearer')
        throw new Problem('sign_in_needed')
      }
      ctx.type = 'text/plain; version=0.0.4; charset=utf-8'
      ctx.body = await metrics.text()
    })
  }

  if (kept) {
    // Codes and links of everybody stand there: a development server that listens beyond this machine keeps them to itself.
    router.use(['/dev/outbox', '/dev/outbox.json'], async (ctx, next) => {
      if (!ipaddr.isValid(ctx.ip) || ipaddr.process(ctx.ip).range() !== 'loopback') throw new Problem('not_found')
      await next()
    })
    const asked = (ctx: Context) => queryField(ctx, 'to', 320) || undefined
    router.get('/dev/outbox.json', async ctx => {
      ctx.body = await kept(asked(ctx))
    })
    router.get('/dev/outbox', async ctx => {
      const to = asked(ctx)
      show.page(ctx, 'dev/outbox', { messages: await kept(to), to: to ?? '' })
    })
  }
  return router
}
