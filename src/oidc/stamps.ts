import { type KoaContextWithOIDC, Provider, type Session } from 'oidc-provider'
import { type Account, type Stamped, stampFits } from '../accounts/account.ts'

/** The account that a session's stamp was compared with, so that one request reads it once. */
const owner = Symbol('owner')

/** What we add to the library's models. */
export interface Carried {
  stamp?: number | undefined
  sessionUid?: string | undefined
  [owner]?: Account
}

/** What a stored token says of when it was issued; undefined for one of no session, which ends in other ways. */
export function stampOf({ stamp, sessionUid: session }: Carried): Stamped | undefined {
  return session === undefined ? undefined : { stamp, session }
}

/** Tells whether what somebody holds is void, because what protects the account has changed since it was issued. */
export function outlived(account: Pick<Account, 'guard' | 'stampedIn'>, held: Carried): boolean {
  const stamped = stampOf(held)
  return stamped !== undefined && !stampFits(account, stamped)
}

/** Remembers whose a session is, for the rest of the request. */
export function remember(session: object, account: Account): void {
  Object.defineProperty(session, owner, { value: account, configurable: true })
}

/** The account, where the request's session was compared with it. */
export function remembered(session: object | undefined, id: string): Account | undefined {
  const account = (session as Carried | undefined)?.[owner]
  return account?.id === id ? account : undefined
}

/** The stamp of what a token is issued for: the code, the refresh token or the session that it comes from. */
function inherited({ entities, session }: KoaContextWithOIDC['oidc']): number | undefined {
  const { AuthorizationCode, RefreshToken, DeviceCode, BackchannelAuthenticationRequest } = entities
  const from = [AuthorizationCode, RefreshToken, DeviceCode, BackchannelAuthenticationRequest, session] as Carried[]
  return from.find(each => each?.stamp !== undefined)?.stamp
}

/** Signs somebody in, in a session that is void once the account's security stamp is another. */
export function logIn(session: Session, who: Parameters<Session['loginAccount']>[0], stamp: number | undefined): void {
  session.loginAccount(who)
  Object.assign(session, { stamp: stamp ?? 0 })
}

/**
 * Keeps in sessions, and in all that is issued in them, the security stamp that the account had when its owner proved who they are.
 * What carries another stamp than the account is void, even when nothing else has ended it.
 */
export function carryStamps(provider: Provider): void {
  const { AccessToken, AuthorizationCode, BackchannelAuthenticationRequest, DeviceCode, RefreshToken } = provider
  const { Session: Sessions } = provider
  const models = [AccessToken, AuthorizationCode, BackchannelAuthenticationRequest, DeviceCode, RefreshToken, Sessions]
  for (const model of models as unknown as { IN_PAYLOAD: readonly string[] }[]) {
    const names = [...model.IN_PAYLOAD, 'stamp']
    Object.defineProperty(model, 'IN_PAYLOAD', { get: () => names })
  }
  for (const { prototype } of [AccessToken, AuthorizationCode, RefreshToken]) {
    const save = prototype.save as (this: Carried, ...args: unknown[]) => Promise<string>
    Object.assign(prototype, {
      save(this: Carried, ...args: unknown[]) {
        if (this.sessionUid !== undefined && Provider.ctx) this.stamp ??= inherited(Provider.ctx.oidc) ?? 0
        return save.apply(this, args)
      },
    })
  }
  // As the library signs somebody in, by what an interaction says was proved.
  const { loginAccount } = Sessions.prototype
  Sessions.prototype.loginAccount = function logged(this: Session & Carried, details) {
    loginAccount.call(this, details)
    const login = Provider.ctx?.oidc?.entities.Interaction?.result?.login as { guard?: number } | undefined
    if (login) this.stamp = login.guard ?? 0
  }
}
