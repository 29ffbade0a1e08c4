import { type KoaContextWithOIDC, Provider, type Session } from 'oidc-provider'
import { stampFits } from '../accounts/account.ts'
import { originOf } from '../accounts/device.ts'
import { Problem } from '../errors.ts'
import type { Records } from '../records/adapter.ts'
import { type Admission, largest, size } from './admission.ts'
import type { Replacements } from './library-models.ts'
import type { EndSession } from './logout.ts'
import type { Options } from './options.ts'
import { type Carried, inherited, type Login, remember } from './security-stamps.ts'
import { written } from './writing.ts'

/** The apps that a session had when the request loaded it. */
const loaded = Symbol('loaded')
/** Another request has given the browser a newer cookie of this session. */
const superseded = Symbol('superseded')

/** Another request went on with the sign-in that this one is about. */
const abandoned = Symbol('abandoned')

interface Kept extends Session, Carried {
  [loaded]?: Session['authorizations']
  [abandoned]?: boolean
  [superseded]?: boolean
}

/** Tells whether the browser has a newer cookie of this session than the one that it shows. */
export function isSuperseded(session: Session): boolean {
  return (session as Kept)[superseded] === true
}

const resultOf = (): Login | undefined => Provider.ctx?.oidc?.result?.login as Login | undefined

/**
 * Stores sessions by one guarded change: the library destroys the old cookie's session before it keeps the new one's, overwrites what a
 * parallel request kept, and brings a session back that was ended meanwhile. Sessions, and all that is issued in them, carry the account's
 * security stamp; what carries another is void, even when nothing else has ended it.
 */
export function sessionStorage(
  services: Pick<Options, 'accounts'> & {
    provider: Provider
    records: Records
    endSession: EndSession
    admitted: Admission
  },
) {
  const { provider, accounts, endSession, admitted } = services
  const { sessions } = services.records
  return {
    // A cookie is renewed when somebody signs in (session fixation), and not each time that a tab goes on: two at once would leave the
    // browser with the one that is void.
    renewsCookie: () => {
      const { oidc } = Provider.ctx ?? {}
      return oidc?.route !== 'resume' || Boolean(oidc.result?.login)
    },
    findSession: find => async id => {
      const found: Kept | undefined = await find(id)
      const account = found?.accountId === undefined ? undefined : await accounts.get(found.accountId)
      if (found && account && !stampFits(account, { stamp: found.stamp, session: found.uid })) {
        // The request that should have ended it did not get that far.
        await endSession(found.uid, 'protection-changed', Provider.ctx && originOf(Provider.ctx))
        return undefined
      }
      if (found && account) remember(found, account)
      if (found) found[loaded] = structuredClone(found.authorizations)
      return found
    },
    storeSession: async (session: Kept, { payload, born, from }) => {
      const login = resultOf()
      // What an app asks for at a sign-out waits here for the person's answer.
      if (size(session.state) > largest) throw new Problem('too_large')
      // The library saves it once more as it answers with the fault.
      const over = session[abandoned] === true
      // The request named a session that is over, or whose cookie another tab has renewed meanwhile: a new one in which nobody is signed in
      // would sign that browser out, so nothing is kept and the browser keeps its cookie.
      if (over || (born && holdsNothing(session))) {
        if (Provider.ctx) leaveCookie(Provider.ctx, provider.cookieName('session'))
        return
      }
      if (born && session.accountId === undefined) await admitted.pay(size(payload))
      const abandon = (fault: unknown): never => {
        session[abandoned] = true
        if (Provider.ctx) leaveCookie(Provider.ctx, provider.cookieName('session'))
        throw fault
      }
      // A session that lives gets another cookie from the one request that goes on with the sign-in: the browser gets no other request's.
      if (!born && payload.jti !== from) await written().catch(abandon)
      const keeping = sessions.keep(payload, { born, from, apps: session[loaded] ?? {} })
      const unanswered = written().catch(async fault => {
        // Another request went on with this sign-in first: its cookie stays, and nobody would ever have the one of this session.
        if (born && (await keeping)) await endSession(session.uid, 'ended', Provider.ctx && originOf(Provider.ctx))
        abandon(fault)
      })
      const [current] = await Promise.all([keeping, unanswered])
      // The browser got a newer one by another request, and this answer would overwrite it.
      if (!current && Provider.ctx) leaveCookie(Provider.ctx, provider.cookieName('session'))
      session[superseded] = !current
      session[loaded] = structuredClone(session.authorizations)
      // A request that changed what protects the account, then ended all its sessions, may have looked before this one was stored.
      if (Provider.ctx && login && (await accounts.get(login.accountId))?.securityStamp !== login.securityStamp)
        await endSession(session.uid, 'protection-changed', originOf(Provider.ctx))
    },
    // As the library signs somebody in, by what an interaction says was proved.
    signedIn: (session: Session & Carried) => {
      const login = Provider.ctx?.oidc?.entities.Interaction?.result?.login as Login | undefined
      if (login) session.stamp = login.securityStamp ?? 0
    },
    issues: (issued: Carried) => {
      if (issued.sessionUid !== undefined && Provider.ctx) issued.stamp ??= inherited(Provider.ctx.oidc) ?? 0
    },
    // The library signs in the account that an interaction says was proved, however long it waited to be resumed. What was proved before
    // the account's protection changed signs nobody in.
    findInteraction: find => async id => {
      const found = await find(id)
      const login = found?.result?.login as Login | undefined
      return login && (await accounts.get(login.accountId))?.securityStamp !== login.securityStamp ? undefined : found
    },
  } satisfies Partial<Replacements>
}

/** Tells whether a session knows of nobody who is signed in, of no app and of no question that waits for its answer. */
function holdsNothing({ accountId, state, authorizations = {} }: Session): boolean {
  return accountId === undefined && state === undefined && Object.keys(authorizations).length === 0
}

/** Takes a cookie that was set, and its signature, out of an answer. */
function leaveCookie(ctx: KoaContextWithOIDC, name: string): void {
  const set = [ctx.response.get('Set-Cookie') as string | string[]].flat()
  const others = set.filter(each => each !== '' && !each.startsWith(`${name}=`) && !each.startsWith(`${name}.sig=`))
  ctx.remove('Set-Cookie')
  if (others.length > 0) ctx.set('Set-Cookie', others)
}
