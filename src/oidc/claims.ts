import type { AccountClaims } from 'oidc-provider'
import type { Account } from '../accounts/account.ts'

/** Which claims each scope opens (OpenID Connect Core 1.0, 5.4); how somebody signed in belongs to `openid`. */
export const claims = {
  // With `hold` alone, `hold_until` would be in userinfo only: the library keeps other scopes' claims out of ID tokens.
  openid: ['sub', 'acr', 'amr', 'auth_time', 'hold_until'],
  hold: ['hold_until'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  profile: ['locale', 'updated_at'],
  acr: null,
  auth_time: null,
  iss: null,
  sid: null,
}

/** The scopes that are not an API's. */
export const oidcScopes: readonly string[] = ['openid', 'email', 'phone', 'profile', 'hold', 'offline_access']

/** What apps may learn of an account; which of it they do, their scopes decide. */
export function claimsOf(account: Account, scope: string, now: number): AccountClaims {
  const { id, email, phone, locale, updatedAt } = account
  return {
    sub: id,
    ...(scope.split(' ').includes('hold') && heldUntil(account, now)),
    email,
    email_verified: true,
    ...(phone !== undefined && { phone_number: phone, phone_number_verified: true }),
    locale,
    updated_at: Math.floor(updatedAt / 1000),
  }
}

/** Until when apps are told to wait with what cannot be undone, in seconds, where they are; `now` in milliseconds. */
export function heldUntil({ holdUntil = 0 }: Pick<Account, 'holdUntil'>, now: number): { hold_until?: number } {
  return holdUntil > now ? { hold_until: Math.ceil(holdUntil / 1000) } : {}
}
