import { randomBytes } from 'node:crypto'
import Router from '@koa/router'
import Koa, { type Context, type Middleware } from 'koa'
import type { Declaration } from './apps.ts'
import { backChannelLogout } from './backchannel.ts'
import { headers, sameOrigin } from './guard.ts'
import { concerns, logoutTokens } from './logout-token.ts'
import { type Attempt, type Held, latchkey, type Purpose, type Standing } from './oidc.ts'
import { type Frame, homePage, icon, problemPage, type Sister, style } from './pages.ts'
import { type Session, shelf } from './sessions.ts'
import { speakTo } from './speech.ts'
import { Trouble } from './trouble.ts'
import { walletApi } from './wallet-api.ts'
import { withdrawals } from './withdrawals.ts'
import { inFigures } from './words.ts'

export interface Options extends Standing {
  /** The whole suite, for the row of links; this app is one of them. */
  sisters?: readonly Sister[]
  /** The API that it serves under its own roof: what names it, and the client that it is. */
  api?: { resource: string; client: { id: string; secret: string } } | undefined
  /** Milliseconds since the epoch. */
  now?: () => number
}

const minute = 60_000

/** One relying party. It stands at the origin of its first redirect URI, and looks for its provider only when somebody signs in. */
export function relyingParty(app: Declaration, { sisters = [], api, now = Date.now, ...standing }: Options): Koa {
  const { issuer, client } = standing
  const redirectUri = new URL(client.redirect_uris[0] ?? '')
  const framed = (context: Context, session?: Session): Frame => ({
    ...{ app, sisters, issuer, sends: api !== undefined },
    ...speakTo(context, session?.held.claims.locale),
  })
  const provider = latchkey(standing, now)
  const judge = logoutTokens({ issuer, clientId: client.client_id, jwksUri: provider.jwksUri, now })
  const sessions = shelf<Session>(12 * 60 * minute, 10_000, now)
  const attempts = shelf<Attempt & { browser: string }>(10 * minute, 10_000, now)
  const cookie = cookies(app.id, redirectUri.protocol === 'https:')
  const guard = sameOrigin(redirectUri.origin)

  function signedIn(context: Context): Session {
    const session = sessions.get(cookie.read(context, 'session'))
    if (!session) throw new Trouble('signed_out')
    return session
  }

  const router = new Router()
  router.get('/', context => {
    const session = sessions.get(cookie.read(context, 'session'))
    context.body = homePage(framed(context, session), session, now())
  })

  async function authorize(context: Context, purpose: Purpose, session?: Session): Promise<void> {
    const browser = cookie.read(context, 'attempt') || randomBytes(32).toString('base64url')
    const attempt = await provider.attempt(purpose, session?.held.dpop)
    const state = attempts.add({ ...attempt, browser })
    const url = await provider.signInUrl(state, attempt, framed(context, session).locale)
    cookie.write(context, 'attempt', browser)
    seeOther(context, url.href)
  }
  router.get('/login', context => authorize(context, { for: 'sign-in' }))

  router.get('/callback', async context => {
    const state = String(context.query.state ?? '')
    // The state must be this browser's own: else one could be signed in as somebody else (RFC 9700, 4.7).
    const mine = attempts.get(state)?.browser === cookie.read(context, 'attempt')
    const attempt = mine ? attempts.take(state) : undefined
    if (!attempt) throw new Trouble('stale')
    const redeemed = provider.redeem(new URL(context.search, redirectUri), state, attempt)
    if (attempt.purpose.for !== 'sign-in') return goOn(context, attempt.purpose, redeemed)
    const held = await redeemed
    sessions.take(cookie.read(context, 'session'))
    cookie.write(context, 'session', sessions.add({ startedAt: now(), held }))
    seeOther(context, '/')
  })

  /** Back with more than a sign-in, to what it was for. */
  async function goOn(context: Context, purpose: Purpose, redeemed: Promise<Held>): Promise<void> {
    const session = sessions.get(cookie.read(context, 'session'))
    const held = await redeemed.catch(fault => fault as Error)
    if (!session) throw new Trouble('signed_out')
    if (held instanceof Error) return till?.refused(context, session, purpose, held)
    // Somebody else came back: what was typed is not theirs.
    if (held.claims.sub !== session.held.claims.sub) throw new Trouble('stale')
    if (purpose.for === 'approval') return till?.carryOut(context, session, held.access.token)
    session.held = held
    await till?.resume(context, session)
  }

  async function refresh(context: Context, session: Session): Promise<void> {
    session.refreshing ??= provider.refresh(session.held).finally(() => {
      session.refreshing = undefined
    })
    session.held = await session.refreshing.catch(fault => {
      if (fault instanceof Trouble && fault.code === 'session_ended') sessions.take(cookie.read(context, 'session'))
      throw fault
    })
  }
  const refreshed = async (context: Context, session: Session): Promise<void> => {
    if (session.held.access.expiresAt < now() + 10_000) await refresh(context, session)
  }
  router.post('/refresh', guard, async context => {
    const session = signedIn(context)
    await refresh(context, session)
    if (wantsJson(context)) context.body = inFigures(session)
    else seeOther(context, '/')
  })

  router.get('/tokens.json', context => {
    context.body = inFigures(signedIn(context))
  })

  const logOut: Middleware = async context => {
    const session = sessions.take(cookie.read(context, 'session'))
    cookie.write(context, 'session', null)
    const url = session && (await provider.signOutUrl(session.held.idToken))
    seeOther(context, url?.href ?? '/')
  }
  router.get('/logout', guard, logOut)
  router.post('/logout', guard, logOut)

  const end = (ended: Parameters<typeof concerns>[0]) => void sessions.drop(({ held }) => concerns(ended, held.claims))
  router.post('/backchannel-logout', ...backChannelLogout(judge, end))

  const till =
    api &&
    withdrawals(router, { provider, api: api.resource, framed, sameOrigin: guard, signedIn, refreshed, authorize })

  router.get('/suite.css', kept('css', style))
  router.get('/icon.svg', kept('svg', icon(app)))

  const koa = new Koa()
  koa.proxy = redirectUri.protocol === 'https:'
  koa.use(headers(issuer))
  if (api) koa.use(walletApi({ issuer, client: api.client, audience: api.resource, origin: redirectUri.origin, now }))
  koa.use(troubles(framed))
  koa.use(router.routes())
  koa.use(router.allowedMethods({ throw: true, methodNotAllowed: () => new Trouble('method_not_allowed') }))
  return koa
}

const wantsJson = (context: Context) => context.accepts('html', 'json') === 'json' || context.path.endsWith('.json')

function seeOther(context: Context, url: string): void {
  context.redirect(url)
  context.status = 303
}

/** Something that is the same for everybody. */
function kept(type: string, body: string): Middleware {
  return context => {
    context.set('Cache-Control', 'public, max-age=600')
    context.type = type
    context.body = body
  }
}

/** Cookies of one app: the suite shares a host in development, and cookies know no ports. */
function cookies(id: string, secure: boolean) {
  const named = (name: string) => `${secure ? '__Host-' : ''}${id}_${name}`
  return {
    read: (context: Context, name: string) => context.cookies.get(named(name)) ?? '',
    write: (context: Context, name: string, value: string | null) =>
      void context.cookies.set(named(name), value, { httpOnly: true, sameSite: 'lax', secure, path: '/' }),
  }
}

/** Answers every failure, as a page or as JSON; what nobody foresaw goes to the app's log, too. */
function troubles(framed: (context: Context) => Frame): Middleware {
  return async (context, next) => {
    try {
      await next()
      if (context.status === 404) throw new Trouble('not_found')
    } catch (fault) {
      const trouble = fault instanceof Trouble ? fault : new Trouble('internal', fault)
      if (trouble.code === 'internal') context.app.emit('error', trouble, context)
      context.status = trouble.status
      if (trouble.status === 503) context.set('Retry-After', '5')
      const frame = framed(context)
      const message = frame.t(`trouble.${trouble.code}.title`)
      context.body = wantsJson(context) ? { error: trouble.code, message } : problemPage(frame, trouble)
    }
  }
}
