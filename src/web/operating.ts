import type { Context, Middleware } from 'koa'
import { Problem } from '../errors.ts'
import { addressOf, plainAddress } from '../network.ts'
import { queryField } from './forms.ts'
import type { Services } from './services.ts'

declare module './pages.ts' {
  interface Pages {
    'dev/outbox': {
      messages: readonly {
        id: string
        at: number
        channel: string
        to: string
        subject: string
        text: string
        code?: string
        link?: string
      }[]
      to: string
    }
    help: Record<never, never>
  }
}

/** Serves pages for operators and for developers. */
export function operating({ router, ready, metrics, kept, show, asksItself, eventFileFault }: Services): void {
  router.get('/', ctx => ctx.redirect('/account'))
  router.get('/help', ctx => show.page(ctx, 'help', {}))

  router.get('/health/live', ctx => {
    ctx.body = { status: 'ok', ...(asksItself(ctx.get('Authorization')) && arrived(ctx)) }
  })
  router.get('/health/ready', async ctx => {
    if (await ready()) {
      // Requests are answered all the same: no balancer is to turn away from it.
      ctx.body = { status: 'ok', ...(eventFileFault() !== undefined && { eventFile: 'cannot be written' }) }
      return
    }
    ctx.status = 503
    ctx.set('Retry-After', '1')
    ctx.state.refusal = { error: 'unavailable', why: 'the store cannot be written' }
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
    // It shows everybody's codes and links: a development server that listens beyond this machine keeps them to itself.
    router.use(['/dev/outbox', '/dev/outbox.json'], hereOnly)
    const asked = (ctx: Context) => queryField(ctx, 'to', 320) || undefined
    router.get('/dev/outbox.json', async ctx => {
      ctx.body = await kept(asked(ctx))
    })
    router.get('/dev/outbox', async ctx => {
      const to = asked(ctx)
      show.page(ctx, 'dev/outbox', { messages: await kept(to), to: to ?? '' })
    })
  }
}

/** Lets nobody but this machine see what is for developers. */
export const hereOnly: Middleware = async (ctx, next) => {
  if (addressOf(ctx.ip)?.range() !== 'loopback') throw new Problem('not_found')
  await next()
}

/** Returns how a request arrived here, for `latchkey doctor`: whom proxies named, and who connected. */
function arrived({ ip, req }: Context) {
  const at = req.rawHeaders.findIndex((name, each) => each % 2 === 0 && name.toLowerCase() === 'x-forwarded-for')
  const peer = plainAddress(req.socket.remoteAddress ?? '') ?? ''
  return { sender: ip === 'unknown' ? '' : ip, peer, forwarded: at < 0 ? '' : String(req.rawHeaders[at + 1]) }
}

/** Where people change how they sign in. */
const home = '/account/security'
const day = 24 * 3_600_000
/** How long security.txt may be cached (RFC 9116, 2.5.5: less than a year). */
const life = 90 * day

/** Serves what browsers, password managers and researchers look for at fixed addresses. */
export function wellKnown({ router, issuer, contacts, now }: Services): void {
  // W3C, A Well-Known URL for Changing Passwords: people who are not signed in are asked to sign in on the way.
  router.get('/.well-known/change-password', ctx => ctx.redirect(home))

  // W3C, Passkey Endpoints: where password managers send people who want a passkey, or have some.
  router.get('/.well-known/passkey-endpoints', ctx => {
    ctx.body = { enroll: `${issuer}${home}`, manage: `${issuer}${home}` }
  })

  if (contacts.length > 0) {
    router.get('/.well-known/security.txt', ctx => {
      // The same all day, so that comparing two answers shows a change by hand.
      const until = new Date(Math.floor(now() / day) * day + life)
      const lines = [
        ...contacts.map(each => `Contact: ${each}`),
        `Expires: ${until.toISOString()}`,
        `Canonical: ${issuer}/.well-known/security.txt`,
      ]
      ctx.type = 'text/plain; charset=utf-8'
      ctx.body = `${lines.join('\n')}\n`
    })
  }
}
