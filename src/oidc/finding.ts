import type { FindAccount, KoaContextWithOIDC } from 'oidc-provider'
import { type Account, active } from '../accounts/account.ts'
import { isNobody } from './backchannel.ts'
import { claimsOf } from './claims.ts'
import type { Options } from './configuration.ts'
import { SpentToken } from './refresh.ts'
import { type Carried, outlived, remembered } from './security-stamps.ts'

/** Finds the account that the library asks for, and keeps out whom it must not find. */
export function finding({ accounts, bars, now }: Pick<Options, 'accounts' | 'bars' | 'now'>): FindAccount {
  return async (ctx, id, token) => {
    // An app that asked for somebody that there is not waits for nobody.
    if (isNobody(id) && ctx.oidc.route === 'backchannel_authentication')
      return { accountId: id, claims: () => ({ sub: id }) }
    const account = (!token && remembered(ctx.oidc.session, id)) || (await accounts.get(id))
    if (!active(account) || (token && outlived(account, token as Carried))) return undefined
    if (token?.kind === 'RefreshToken' && (await refreshBarred(ctx, account, bars))) return undefined
    // The last thing that the library asks before it looks whether a refresh token is spent; its own answer knows no grace.
    if (token?.kind === 'RefreshToken' && token.consumed) throw new SpentToken()
    const { holdUntil, restrictions } = account
    return {
      accountId: id,
      holdUntil,
      restrictions,
      claims: (_, scope, asked) => claimsOf(account, { scope, asked }, now()),
    }
  }
}

/** An app on a person's own device refreshes from where they are; one on a server says nothing of that, and no app shows the device cookie. */
async function refreshBarred(ctx: KoaContextWithOIDC, account: Account, bars: Options['bars']): Promise<boolean> {
  if (ctx.oidc.client?.clientAuthMethod !== 'none') return false
  const found = await bars(account, { device: '', address: ctx.ip })
  return found.some(each => each !== 'only-devices')
}
