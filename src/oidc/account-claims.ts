import type { AccountClaims, FindAccount, KoaContextWithOIDC } from 'oidc-provider'
import { type Account, active } from '../accounts/account.ts'
import { heldUntil } from '../accounts/hold.ts'
import { appearanceOf } from '../clients/appearance.ts'
import { type ClaimPlace, consentsNeeded, mappedClaims } from '../clients/attributes.ts'
import type { Consents } from '../records/consents.ts'
import { isNobody } from './ciba.ts'
import type { Told } from './library-models.ts'
import type { Options } from './options.ts'
import { type Carried, outlived, remembered } from './security-stamps.ts'

/** The claims that each scope opens (OpenID Connect Core 1.0, 5.4); how somebody signed in belongs to `openid`. */
export const claims = {
  // With `hold` alone, `hold_until` would be in userinfo only: the library keeps other scopes' claims out of ID tokens.
  openid: ['sub', 'acr', 'amr', 'auth_time', 'hold_until'],
  hold: ['hold_until'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  profile: ['name', 'preferred_username', 'locale', 'zoneinfo', 'updated_at'],
  acr: null,
  auth_time: null,
  iss: null,
  sid: null,
}

/** A refresh token was shown that is not its family's live one; nothing else is wrong with the request. */
export class SpentToken extends Error {}

/** Returns the scope that opens a claim, which an app must be allowed; undefined for what an ID token says in any case. */
export function scopeOf(claim: string): string | undefined {
  const opened = Object.entries(claims) as [string, readonly string[] | null][]
  return opened.find(([scope, names]) => scope !== 'openid' && names?.includes(claim))?.[0]
}

/** Returns all that apps may learn of an account. Their scopes, and claims that were granted one by one, decide which of it they do. */
function claimsOf(account: Account, { scope, asked }: { scope: string; asked: object }, now: number): AccountClaims {
  const { id, email, phone, locale, profile, updatedAt } = account
  return {
    sub: id,
    ...((scope.split(' ').includes('hold') || 'hold_until' in asked) && heldUntil(account, now)),
    email,
    email_verified: account.emailUnproved !== true,
    ...(phone !== undefined && { phone_number: phone, phone_number_verified: true }),
    ...(profile?.name !== undefined && { name: profile.name }),
    ...(profile?.username !== undefined && { preferred_username: profile.username }),
    ...(profile?.zone !== undefined && { zoneinfo: profile.zone }),
    locale,
    updated_at: Math.floor(Math.max(updatedAt, profile?.at ?? 0) / 1000),
  }
}

/** What the entry of a client has it told of an account, beside the claims that the library knows: for this client, and no other. */
const mapped = Symbol('mapped')

/** Adds what the client's entry maps to the claims that the library chose for it. */
export const withMapped: Told = ({ available, client }, chosen) => {
  const { [mapped]: more } = available as { [mapped]?: { client: string | undefined; claims: object } }
  return more && more.client === client.clientId ? { ...more.claims, ...chosen } : chosen
}

type Services = Pick<Options, 'accounts' | 'clients' | 'bars' | 'now'>

/** Finds the account that the library asks for; undefined for one that must not be found here. */
export function accountFinder({ accounts, clients, bars, now }: Services, consents: Pick<Consents, 'of'>): FindAccount {
  /**
   * Resolves to the claims that a client is told in one place, from attributes, roles and consent as they are now: what its owner has
   * withheld since the grant was made is told no more.
   */
  const mappedFor = async ({ oidc: { client } }: KoaContextWithOIDC, account: Account, place: ClaimPlace) => {
    const app = client && (await clients.ours(client.clientId))
    if (!app) return {}
    const asks = consentsNeeded(app).length > 0
    const allowed = asks ? await consents.of(account.id, app.id, appearanceOf(client)) : undefined
    return mappedClaims(app, account, place, clients.declared().attributes, allowed?.attributes)
  }
  return async (ctx, id, token) => {
    // An app that asked for somebody who does not exist waits for nobody.
    if (isNobody(id) && ctx.oidc.route === 'backchannel_authentication')
      return { accountId: id, claims: () => ({ sub: id }) }
    const account = (!token && remembered(ctx.oidc.session, id)) || (await accounts.get(id))
    if (!active(account) || (token && outlived(account, token as Carried))) return undefined
    if (token?.kind === 'RefreshToken' && (await refreshBarred(ctx, account, bars))) return undefined
    // The last thing that the library asks before it looks whether a refresh token is spent; its own answer knows no grace.
    if (token?.kind === 'RefreshToken' && token.consumed) throw new SpentToken()
    const { holdUntil, restrictions } = account
    const mappedTo = (place: ClaimPlace) => mappedFor(ctx, account, place)
    return {
      accountId: id,
      holdUntil,
      restrictions,
      mappedTo,
      claims: async (use, scope, asked) => ({
        ...claimsOf(account, { scope, asked }, now()),
        [mapped]: { client: ctx.oidc.client?.clientId, claims: await mappedTo(use as 'id_token' | 'userinfo') },
      }),
    }
  }
}

/** An app on a person's own device refreshes from where they are; one on a server says nothing of that, and no app shows the device cookie. */
async function refreshBarred(ctx: KoaContextWithOIDC, account: Account, bars: Options['bars']): Promise<boolean> {
  if (ctx.oidc.client?.clientAuthMethod !== 'none') return false
  const found = await bars(account, { device: '', address: ctx.ip })
  return found.some(each => each !== 'only-devices')
}
