import Router from '@koa/router'
import { home } from './changing.ts'
import type { Visit } from './visiting.ts'

const day = 24 * 3_600_000
/** For how long what security.txt says may be kept (RFC 9116, 2.5.5: less than a year). */
const life = 90 * day

interface Services {
  issuer: string
  /** Where to report a weakness; none: there is no security.txt. */
  contacts: readonly string[]
  now: () => number
}

/** What browsers, password managers and researchers look for at fixed addresses. */
export function wellKnown({ issuer, contacts, now }: Services): Router<Visit> {
  const router = new Router<Visit>()

  // W3C, A Well-Known URL for Changing Passwords: people who are not signed in are asked to sign in on the way.
  router.get('/.well-known/change-password', ctx => ctx.redirect(home))

  // W3C, Passkey Endpoints: where password managers send people who want a passkey, or have some.
  router.get('/.well-known/passkey-endpoints', ctx => {
    ctx.body = { enroll: `${issuer}${home}`, manage: `${issuer}${home}` }
  })

  if (contacts.length > 0) {
    router.get('/.well-known/security.txt', ctx => {
      // The same all day, so that a change by hand shows when two answers are compared.
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
  return router
}
