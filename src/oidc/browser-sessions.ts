import type { Context } from 'koa'
import type { Provider, Session } from 'oidc-provider'
import { active, stampFits } from '../accounts/account.ts'
import { originOf } from '../accounts/device.ts'
import { asAcr } from '../acr.ts'
import { Problem } from '../errors.ts'
import type { Origin } from '../events.ts'
import type { Records } from '../records/adapter.ts'
import { allWritten } from '../store/collection.ts'
import { sessionLife } from './configuration.ts'
import type { EndReason, EndSession } from './logout.ts'
import type { Options } from './options.ts'
import { type Login, logIn, remembered } from './security-stamps.ts'
import { isSuperseded } from './session-storage.ts'

/** Who is signed in in this browser, and how. */
export type CurrentSession = NonNullable<Awaited<ReturnType<Sessions['current']>>>
export type Sessions = ReturnType<typeof browserSessions>

/** Browser sessions, for pages of our own. */
export function browserSessions(services: Options & { provider: Provider; records: Records; endSession: EndSession }) {
  const { provider, clients, records, endSession, emit, accounts, bars, now } = services
  const name = provider.cookieName('session')
  const options = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true } as const
  const setCookie = (ctx: Context, value: string | null, expires?: Date): void => {
    provider.createContext(ctx.req, ctx.res).cookies.set(name, value, { ...options, ...(expires && { expires }) })
  }

  const save = async (ctx: Context, session: Session): Promise<void> => {
    await session.save(sessionLife(session.loginTs, services))
    // Another request has given the browser a newer one meanwhile.
    if (!isSuperseded(session)) setCookie(ctx, session.jti, new Date(session.exp * 1000))
  }
  const names = async (session: Session): Promise<string[]> => {
    const apps = await Promise.all(Object.keys(session.authorizations ?? {}).map(clients.app))
    return apps.filter(app => app !== undefined).map(app => app.name)
  }

  /** Sessions whose cookie changed in this request, which still shows the one before. */
  const renewed = new WeakMap<Context['req'], Session>()
  const own = async (ctx: Context): Promise<Session> => renewed.get(ctx.req) ?? provider.Session.get(ctx)
  /** Gives a session another cookie: what was copied of it before opens nothing any more. */
  const renew = async (ctx: Context, session: Session): Promise<void> => {
    session.resetIdentifier()
    await save(ctx, session)
    renewed.set(ctx.req, session)
  }

  /** Tells whether the account is closed, or its owner's restrictions keep the session out where it is shown. */
  const barred = async (session: Session, { device = '', address = '' }: Origin): Promise<boolean> => {
    const { accountId = '' } = session
    const account = remembered(session, accountId) ?? (await accounts.get(accountId))
    return !active(account) || (await bars(account, { device, address })).length > 0
  }
  const endEach = async (uids: readonly string[], why: EndReason, origin: Origin | undefined): Promise<void> => {
    await Promise.all(uids.map(uid => endSession(uid, why, origin)))
  }

  return {
    /** Returns the session that the request's cookie names; being looked at keeps it alive. */
    current: async (ctx: Context) => {
      const session = await own(ctx)
      const { uid, accountId, acr, amr = [], loginTs } = session
      if (accountId === undefined || loginTs === undefined) return undefined
      if (await barred(session, originOf(ctx))) return undefined
      // Once in a tenth of its time is enough, so that looking at a page does not write each time.
      if (session.exp - now() / 1000 < sessionLife(loginTs, services) * 0.9) await save(ctx, session)
      await emit('session.seen', { account: accountId, session: uid }, originOf(ctx))
      /** When somebody last signed in, in milliseconds. */
      const since = loginTs * 1000
      const apps = await names(session)
      return { uid, accountId, acr: asAcr(acr), amr: amr as readonly string[], since, apps: apps as readonly string[] }
    },
    /**
     * Signs somebody in without any app: the cookie changes, and anybody else who was signed in is signed out. Resolves to the session's uid.
     * A new session is written beside what entitles to it, and ends with no cookie where that fails. Throws what that threw, and `attempt_expired` when
     * the account's security stamp has changed by then.
     */
    start: async (
      ctx: Context,
      { accountId, acr, amr, securityStamp }: Login,
      entitled?: Promise<unknown>,
    ): Promise<string> => {
      let session = await own(ctx)
      // Who is signed in already stays as they are where nothing entitles to more.
      if (session.accountId !== undefined) await entitled
      if (session.accountId !== undefined && session.accountId !== accountId) {
        await endSession(session.uid, 'signed-out', originOf(ctx))
        session = new provider.Session()
      }
      const goesOn = session.accountId === accountId
      logIn(session, { accountId, acr, amr: [...amr], loginTs: Math.floor(now() / 1000) }, securityStamp)
      const what = { account: accountId, session: session.uid, acr, amr: [...amr] }
      const told = emit(goesOn ? 'session.raised' : 'session.started', what, originOf(ctx))
      const [begun, given] = await Promise.allSettled([allWritten([renew(ctx, session), told]), entitled])
      if (given.status === 'rejected') {
        // First, so that nobody gets its cookie even where it cannot be ended.
        setCookie(ctx, null)
        await endSession(session.uid, 'ended', originOf(ctx))
        throw given.reason
      }
      if (begun.status === 'rejected') throw begun.reason
      // A request that changed what protects the account, then ended all its sessions, may have looked before this one was stored.
      if ((await accounts.get(accountId))?.securityStamp !== securityStamp) {
        setCookie(ctx, null)
        await endSession(session.uid, 'protection-changed', originOf(ctx))
        throw new Problem('attempt_expired')
      }
      return session.uid
    },
    /** Ends the request's session: apps are told, tokens are dead, the cookie is gone. */
    end: async (ctx: Context, why: EndReason): Promise<void> => {
      const session = await own(ctx)
      await endSession(session.uid, why, originOf(ctx))
      setCookie(ctx, null)
    },
    /** Ends every session of the account that is signed in, or of the one that is given, this one included. */
    endAll: async (ctx: Context, why: EndReason, account?: string): Promise<void> => {
      if (account !== undefined) await endEach(await records.sessions.of(account), why, originOf(ctx))
      const { uid, accountId } = await own(ctx)
      await endEach(accountId === undefined ? [uid] : await records.sessions.of(accountId), why, originOf(ctx))
      setCookie(ctx, null)
    },
    /** Ends another session of the account that is signed in; false when it is over already, or somebody else's. */
    endOne: async (ctx: Context, uid: string, why: EndReason): Promise<boolean> => {
      const { accountId } = await own(ctx)
      const theirs = accountId === undefined ? [] : await records.sessions.of(accountId)
      return theirs.includes(uid) && endSession(uid, why, originOf(ctx))
    },
    /** Ends all sessions but this one of the account that is signed in, or of the one that is given; this one's cookie changes, unless it is about to change anyway. */
    endOthers: async (ctx: Context, why: EndReason, account?: string, changes?: 'soon'): Promise<void> => {
      const session = await own(ctx)
      const { uid, accountId } = session
      const whose = account ?? accountId
      const theirs = whose === undefined ? [] : await records.sessions.of(whose)
      await endEach(
        theirs.filter(each => each !== uid),
        why,
        originOf(ctx),
      )
      // A copy of this one's cookie is one of the others.
      if (changes !== 'soon' && accountId !== undefined && accountId === whose && theirs.includes(uid))
        await renew(ctx, session)
    },
    /** Ends every session of an account, and every grant. */
    endAllOf: async (accountId: string, why: EndReason, origin?: Origin): Promise<void> => {
      await endEach(await records.sessions.of(accountId), why, origin)
      await Promise.all((await records.grantsOf(accountId)).map(records.revokeGrant))
    },
    /** Returns the uids of an account's sessions that live. */
    of: async (accountId: string): Promise<string[]> => {
      const [account, all] = await Promise.all([accounts.get(accountId), records.sessions.stamped(accountId)])
      return all.flatMap(each => (account && stampFits(account, each) ? each.session : []))
    },
  }
}
