import { type Client, type Interaction, type KoaContextWithOIDC, Provider, type Session } from 'oidc-provider'
import { z } from 'zod'
import { stampFits } from '../accounts/account.ts'
import { originOf } from '../accounts/origin.ts'
import { sha256 } from '../crypto/digest.ts'
import { Problem } from '../errors.ts'
import type { Records } from '../records/adapter.ts'
import { newToken } from '../records/refresh-tokens.ts'
import { claim, declare, type Store } from '../store/collection.ts'
import { demandOf, toldAcr } from './acr.ts'
import { type Admission, largest, size } from './admission.ts'
import type { Login } from './browser-sessions.ts'
import type { Options } from './configuration.ts'
import type { EndSession } from './endings.ts'
import { nameCalled } from './mtls.ts'
import { carryStamps, remember } from './stamps.ts'

const replays = declare({ name: 'replays', shape: z.object({ id: z.string(), expiresAt: z.number() }) })

/** What a session's methods find on it, beside what its type says. */
interface Kept extends Session {
  oldId?: string | undefined
  touched?: boolean
  stamp?: number | undefined
  superseded?: boolean
  [loaded]?: Session['authorizations']
  getValueAndPayload(): Promise<{ payload: Parameters<Records['sessions']['keep']>[0] }>
}

/** The apps that a session had when the request loaded it. */
const loaded = Symbol('loaded')

/** Mends what the library does in two steps where another request may come between, and what it believes of a request. */
export function correct(
  provider: Provider,
  records: Records,
  services: {
    accounts: Options['accounts']
    store: Store
    endSession: EndSession
    admitted: Admission
    mtls: Options['mtls']
    now: () => number
  },
): void {
  const { accounts, store, admitted } = services
  carryStamps(provider)
  keepSessions(provider, records, services)
  dropStale(provider, accounts)
  detectReplays(provider, store, admitted)
  nameCalled(provider, services.mtls)
  // Every access token says which session it is of, so that an API can ask another on its person's behalf only while it lives.
  Object.assign(provider.Client.prototype, { includeSid: () => true })
  tellSession(provider)
  Object.assign(provider.RefreshToken.prototype, { generateTokenId: newToken })
  // It takes no scope of an API in a client's metadata. Which there may be is judged where clients come from: the file, or a policy.
  const { Schema } = provider.Client as unknown as { Schema: { prototype: object } }
  Object.assign(Schema.prototype, { scopes: () => {} })
  Object.defineProperty(provider.OIDCContext.prototype, 'acr', {
    get(this: KoaContextWithOIDC['oidc']) {
      return toldAcr(this.session?.acr, demandOf(this.params ?? {}))
    },
  })
}

/**
 * Puts the name of the session only into ID tokens of clients that hear of its end by it (OpenID Connect Back-Channel Logout 1.0, 2.1), or
 * that asked for it (OpenID Connect Core 1.0, 5.5): to others it would only tell which tokens are of one browser.
 */
function tellSession({ IdToken }: Provider): void {
  const { set } = IdToken.prototype as unknown as { set(this: Told, name: string, value: unknown): void }
  Object.assign(IdToken.prototype, {
    set(this: Told, name: string, value: unknown) {
      if (name !== 'sid' || this.client?.backchannelLogoutUri !== undefined || (this.mask && 'sid' in this.mask))
        set.call(this, name, value)
    },
  })
}

/** What an ID token knows of whom it is for. */
interface Told {
  client?: Client
  /** The claims that were asked for by their names. */
  mask?: object
}

/**
 * The library destroys the old cookie's session before it keeps the new one's, overwrites what a parallel request kept,
 * and brings a session back that was ended meanwhile. Ours is one guarded change; and who changed what protects the account,
 * then ended all its sessions, may have looked before a new one was kept: that one ends, too.
 */
function keepSessions(
  provider: Provider,
  { sessions }: Records,
  {
    accounts,
    endSession,
    admitted,
    now,
  }: { accounts: Options['accounts']; endSession: EndSession; admitted: Admission; now: () => number },
): void {
  const { Session } = provider
  // A cookie is renewed when somebody signs in (session fixation), and not each time that a tab goes on: two at once would leave the browser
  // with the one that is void.
  const { resetIdentifier } = Session.prototype
  Session.prototype.resetIdentifier = function reset(this: Session) {
    const { oidc } = Provider.ctx ?? {}
    if (oidc?.route !== 'resume' || oidc.result?.login) resetIdentifier.call(this)
  }
  const find = Session.find
  Object.assign(Session, {
    find: async (...args: Parameters<typeof find>) => {
      const found = (await find.apply(Session, args)) as Kept | undefined
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
  })
  Session.prototype.save = async function save(this: Kept, ttl) {
    const { oldId, jti, exp, [loaded]: apps = {} } = this
    const login = Provider.ctx?.oidc?.result?.login as Login | undefined
    this.exp = Math.floor(now() / 1000) + ttl
    const { payload } = await this.getValueAndPayload()
    // What an app asks for at a sign-out waits here for the person's answer.
    if (size(this.state) > largest) throw new Problem('too_large')
    // The request named a session that is over, or whose cookie another tab has renewed meanwhile: a new one in which nobody is signed in
    // would sign that browser out, so nothing is kept and the browser keeps its cookie.
    if (exp === undefined && holdsNothing(this)) {
      if (Provider.ctx) leaveCookie(Provider.ctx, provider.cookieName('session'))
      this.touched = false
      return jti
    }
    if (exp === undefined && this.accountId === undefined) await admitted.pay(size(payload))
    const current = await sessions.keep(payload, { born: exp === undefined, from: oldId ?? jti, apps })
    // The browser got a newer one by another request, and this answer would overwrite it.
    if (!current && Provider.ctx) leaveCookie(Provider.ctx, provider.cookieName('session'))
    this.superseded = !current
    this[loaded] = structuredClone(this.authorizations)
    this.oldId = undefined
    this.emit('saved')
    this.touched = false
    if (Provider.ctx && login && (await accounts.get(login.accountId))?.guard !== login.guard)
      await endSession(this.uid, 'protection-changed', originOf(Provider.ctx))
    return jti
  }
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

/**
 * The library signs in whoever an interaction says was proved, however long it waited to be resumed. What was proved
 * before the account's protection changed signs nobody in.
 */
function dropStale({ Interaction }: Provider, accounts: Options['accounts']): void {
  const find = Interaction.find
  const fresh = async (...args: Parameters<typeof find>): Promise<Interaction | undefined> => {
    const found = (await find.apply(Interaction, args)) as Interaction | undefined
    const login = found?.result?.login as Login | undefined
    return login && (await accounts.get(login.accountId))?.guard !== login.guard ? undefined : found
  }
  Object.assign(Interaction, { find: fresh })
}

/** Seconds that a proof's clock may be ahead of ours (RFC 9449, 11.1): it passes for so much longer than the library remembers it. */
const ahead = 300

/** The library looks whether a proof was seen, then notes it: two at once both pass. Here one insert decides. */
function detectReplays({ ReplayDetection }: Provider, store: Store, admitted: Admission): void {
  const seen = store.collection(replays)
  ReplayDetection.unique = async (iss, jti, exp) => {
    // Anybody can make a key, and proofs with it.
    await admitted.pay(0)
    return claim(seen, { id: sha256(JSON.stringify([iss, jti])), expiresAt: (exp + ahead) * 1000 })
  }
}
