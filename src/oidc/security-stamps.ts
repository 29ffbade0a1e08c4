import type { KoaContextWithOIDC, Session } from 'oidc-provider'
import { type Account, type Stamped, stampFits } from '../accounts/account.ts'
import type { Acr } from '../acr.ts'

/** The account that a session's stamp was compared with, so that one request reads it once. */
const owner = Symbol('owner')

/** What Latchkey adds to the library's sessions, codes and tokens. */
export interface Carried {
  /** The security stamp that the account had when its owner proved who they are. */
  stamp?: number | undefined
  sessionUid?: string | undefined
  [owner]?: Account
}

/** What somebody proved. */
export interface Login {
  accountId: string
  acr: Acr
  amr: readonly string[]
  /** The account's security stamp then. */
  securityStamp?: number | undefined
}

/** Returns the stamp and the session of a stored token; undefined for one of no session, which ends in other ways. */
export function stampOf({ stamp, sessionUid: session }: Carried): Stamped | undefined {
  return session === undefined ? undefined : { stamp, session }
}

/** Tells whether a stored token is void because what protects the account has changed since it was issued. */
export function outlived(account: Pick<Account, 'securityStamp' | 'stampedIn'>, held: Carried): boolean {
  const stamped = stampOf(held)
  return stamped !== undefined && !stampFits(account, stamped)
}

/** Remembers whose a session is, for the rest of the request. */
export function remember(session: object, account: Account): void {
  Object.defineProperty(session, owner, { value: account, configurable: true })
}

/** Returns the account with this id, where the request's session was compared with it. */
export function remembered(session: object | undefined, id: string): Account | undefined {
  const account = (session as Carried | undefined)?.[owner]
  return account?.id === id ? account : undefined
}

/** Returns the stamp for what is issued in a request: that of the code, the refresh token or the session that it comes from. */
export function inherited({ entities, session }: KoaContextWithOIDC['oidc']): number | undefined {
  const { AuthorizationCode, RefreshToken, DeviceCode, BackchannelAuthenticationRequest } = entities
  const from = [AuthorizationCode, RefreshToken, DeviceCode, BackchannelAuthenticationRequest, session] as Carried[]
  return from.find(each => each?.stamp !== undefined)?.stamp
}

/** Signs somebody in, in a session that is void once the account's security stamp is another. */
export function logIn(session: Session, who: Parameters<Session['loginAccount']>[0], stamp: number | undefined): void {
  session.loginAccount(who)
  Object.assign(session, { stamp: stamp ?? 0 })
}
