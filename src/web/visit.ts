import type Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { type Account, type Accounts, active } from '../accounts/account.ts'
import { deviceCookie, deviceId, isDevice } from '../accounts/device.ts'
import { browserZone, zoneOf } from '../accounts/time-zone.ts'
import { Problem, type Refusal } from '../errors.ts'
import type { Visitor } from '../events.ts'
import type { Locale } from '../languages.ts'
import type { CurrentSession, Sessions } from '../oidc/browser-sessions.ts'
import { foreign } from './http-security.ts'
import { localeOf } from './language.ts'
import { sayNotice } from './notices.ts'
import { seeOther } from './show.ts'

const year = 365 * 24 * 3_600_000

/** What is known of every request to a page. */
export interface Visit {
  visitor: Visitor
  locale: Locale
  /** The time zone in which the visitor reads times, where it is known. */
  zone?: string | undefined
  /** Names this request in logs and on error pages. */
  request: string
  /** Why it was refused, or failed. */
  refusal?: Refusal
}

/** Gives each browser a device cookie, and each request its visitor, language and id. */
export function visiting({ issuer, token }: { issuer: string; token: () => string }): Middleware<Visit> {
  const https = issuer.startsWith('https:')
  const name = deviceCookie(https)
  return async (ctx, next) => {
    const shown = ctx.cookies.get(name)
    const cookie = isDevice(shown) ? shown : token()
    const options = { httpOnly: true, sameSite: 'lax', secure: https, signed: false, maxAge: year, path: '/' } as const
    // Another site's form arrives without the device's own cookie (SameSite), and a new one would replace it: the device would be a stranger.
    if (!foreign(ctx, issuer)) ctx.cookies.set(name, cookie, options)
    ctx.state.visitor = {
      device: deviceId(cookie),
      address: ctx.ip,
      agent: ctx.get('User-Agent').slice(0, 300) || undefined,
      request: ctx.state.request,
    }
    ctx.state.locale = localeOf(ctx)
    ctx.state.zone = browserZone(ctx)
    await next()
  }
}

/** Somebody who is signed in, and their session. */
export interface SignedIn {
  account: Account
  session: CurrentSession
}

/** Returns what finds out who is signed in, and serves pages to them. */
export function visits({ accounts, sessions }: { accounts: Accounts; sessions: Sessions }, router: Router<Visit>) {
  /** Resolves to the person who is signed in, if anybody is. */
  const findSession = async (ctx: Context): Promise<SignedIn | undefined> => {
    const session = await sessions.current(ctx)
    const account = session && (await accounts.get(session.accountId))
    if (!session || !active(account)) return undefined
    ctx.state.locale = localeOf(ctx, { setting: account.locale })
    ctx.state.zone = zoneOf(account) ?? ctx.state.zone
    return { account, session }
  }
  /** Resolves to the person who is signed in. Throws `sign_in_needed`. */
  const requireSession = async (ctx: Context): Promise<SignedIn> => {
    const found = await findSession(ctx)
    if (!found) throw new Problem('sign_in_needed')
    return found
  }
  /** Serves a page to people who are signed in; others sign in first and come back. */
  const page = (path: string, show: (ctx: Context, person: SignedIn) => void | Promise<void>): void => {
    router.get(path, async ctx => {
      const found = await findSession(ctx)
      if (!found) return seeOther(ctx, `/sign-in?next=${encodeURIComponent(ctx.path)}`)
      sayNotice(ctx, found.account.id)
      await show(ctx, found)
    })
  }
  return { findSession, requireSession, page }
}
