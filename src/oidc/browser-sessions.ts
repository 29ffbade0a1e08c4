import type { Context } from 'koa'
import type { Provider, Session } from 'oidc-provider'
import { active, stampFits } from '../accounts/account.ts'
import { originOf } from '../accounts/device.ts'
import type { Clients } from '../clients/registry.ts'
import { Problem } from '../errors.ts'
import type { Emit, Origin } from '../events.ts'
import type { Records } from '../records/adapter.ts'
import { type Acr, asAcr } from './acr.ts'
import type { Options } from './configuration.ts'
import type { EndSession, Why } from './endings.ts'
import { type Login, logIn, remembered } from './security-stamps.ts'
import { isSuperseded } from './session-storage.ts'

/** Who is signed in in this browser, and how. */
export interface CurrentSession {
  uid: string
  accountId: string
  acr: Acr | undefined
  amr: readonly string[]
  /** When somebody last signed in, in milliseconds. */
  since: number
  /** Names of the apps that were signed in to in this session. */
  apps: readonly string[]
}

/** Browser sessions, for pages of our own. */
export interface Sessions {
  /** The session that the request's cookie names; being looked at keeps it alive. */
  current(ctx: Context): Promise<CurrentSession | undefined>
  /** Signs somebody in without any app: the cookie changes, and whoever else was signed in is signed out. Resolves to the session's uid. Throws `attempt_expired` when the account's security stamp has changed by then. */
  start(ctx: Context, login: Login): Promise<string>
  /** Ends the request's session: apps are told, tokens are dead, the cookie is gone. */
  end(ctx: Context, why: Why): Promise<void>
  /** Ends every session of the account that is signed in, or of the one that is told, this one included. */
  endAll(ctx: Context, why: Why, account?: string): Promise<void>
  /** Ends another session of the account that is signed in; false when it is over already, or somebody else's. */
  endOne(ctx: Context, uid: string, why: Why): Promise<boolean>
  /** Ends all sessions but this one of the account that is signed in, or of the one that is told; this one's cookie changes, unless it is about to change anyway. */
  endOthers(ctx: Context, why: Why, account?: string, changes?: 'soon'): Promise<void>
  /** Ends every session of an account, and every grant, whoever asks. */
  endAllOf(accountId: string, why: Why, origin?: Origin): Promise<void>
  /** The uids of an account's sessions that live. */
  of(accountId: string): Promise<string[]>
}

interface Services {
  provider: Provider
  clients: Clients
  records: Records
  endSession: EndSession
  emit: Emit
  accounts: Options['accounts']
  bars: Options['bars']
  /** Seconds that a session lives on from now. */
  life(loginTs: number | undefined): number
  now: () => number
}

/** Makes the session functions of the web room. */
export function sessions(services: Services): Sessions {
  const { provider, clients, records, endSession, emit, accounts, bars, life, now } = services
  const name = provider.cookieName('session')
  const options = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true } as const
  const setCookie = (ctx: Context, value: string | null, expires?: Date): void => {
    provider.createContext(ctx.req, ctx.res).cookies.set(name, value, { ...options, ...(expires && { expires }) })
  }

  const save = async (ctx: Context, session: Session): Promise<void> => {
    await session.save(life(session.loginTs))
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

  /** Is the account closed, or does a rule of its owner's own keep the session out where it is shown? */
  const barred = async (session: Session, { device = '', address = '' }: Origin): Promise<boolean> => {
    const { accountId = '' } = session
    const account = remembered(session, accountId) ?? (await accounts.get(accountId))
    return !active(account) || (await bars(account, { device, address })).length > 0
  }
  const endEach = async (uids: readonly string[], why: Why, origin: Origin | undefined): Promise<void> => {
    await Promise.all(uids.map(uid => endSession(uid, why, origin)))
  }

  return {
    current: async ctx => {
      const session = await own(ctx)
      const { uid, accountId, acr, amr = [], loginTs } = session
      if (accountId === undefined || loginTs === undefined) return undefined
      if (await barred(session, originOf(ctx))) return undefined
      // Once in a tenth of its time is enough, so that looking at a page does not write each time.
      if (session.exp - now() / 1000 < life(loginTs) * 0.9) await save(ctx, session)
      await emit('session.seen', { account: accountId, session: uid }, originOf(ctx))
      return { uid, accountId, acr: asAcr(acr), amr, since: loginTs * 1000, apps: await names(session) }
    },
    start: async (ctx, { accountId, acr, amr, securityStamp }) => {
      let session = await own(ctx)
      if (session.accountId !== undefined && session.accountId !== accountId) {
        await endSession(session.uid, 'signed-out', originOf(ctx))
        session = new provider.Session()
      }
      const goesOn = session.accountId === accountId
      logIn(session, { accountId, acr, amr: [...amr], loginTs: Math.floor(now() / 1000) }, securityStamp)
      await renew(ctx, session)
      const what = { account: accountId, session: session.uid, acr, amr: [...amr] }
      await emit(goesOn ? 'session.raised' : 'session.started', what, originOf(ctx))
      // Whoever changes what protects the account, then ends all its sessions, may have looked before this one was kept.
      if ((await accounts.get(accountId))?.securityStamp !== securityStamp) {
        await endSession(session.uid, 'protection-changed', originOf(ctx))
        setCookie(ctx, null)
        throw new Problem('attempt_expired')
      }
      return session.uid
    },
    end: async (ctx, why) => {
      const session = await own(ctx)
      await endSession(session.uid, why, originOf(ctx))
      setCookie(ctx, null)
    },
    endAll: async (ctx, why, account) => {
      if (account !== undefined) await endEach(await records.sessions.of(account), why, originOf(ctx))
      const { uid, accountId } = await own(ctx)
      await endEach(accountId === undefined ? [uid] : await records.sessions.of(accountId), why, originOf(ctx))
      setCookie(ctx, null)
    },
    endOne: async (ctx, uid, why) => {
      const { accountId } = await own(ctx)
      const theirs = accountId === undefined ? [] : await records.sessions.of(accountId)
      return theirs.includes(uid) && endSession(uid, why, originOf(ctx))
    },
    endOthers: async (ctx, why, account, changes) => {
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
    endAllOf: async (accountId, why, origin) => {
      await endEach(await records.sessions.of(accountId), why, origin)
      await Promise.all((await records.grantsOf(accountId)).map(records.revokeGrant))
    },
    of: async accountId => {
      const [account, all] = await Promise.all([accounts.get(accountId), records.sessions.stamped(accountId)])
      return all.flatMap(each => (account && stampFits(account, each) ? each.session : []))
    },
  }
}
