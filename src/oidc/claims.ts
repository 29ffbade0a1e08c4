import type { AccountClaims } from 'oidc-provider'
import type { Account } from '../accounts/account.ts'
import { heldUntil } from '../accounts/hold.ts'

/** Which claims each scope opens (OpenID Connect Core 1.0, 5.4); how somebody signed in belongs to `openid`. */
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

/** The scope that opens a claim, for what an app must be allowed; none for what an ID token says in any case. */
export function scopeOf(claim: string): string | undefined {
  const opened = Object.entries(claims) as [string, readonly string[] | null][]
  return opened.find(([scope, names]) => scope !== 'openid' && names?.includes(claim))?.[0]
}

/** What apps may learn of an account; which of it they do, their scopes and the claims that they were granted one by one decide. */
export function claimsOf(
  account: Account,
  { scope, asked }: { scope: string; asked: object },
  now: number,
): AccountClaims {
  const { id, email, phone, locale, profile, updatedAt } = account
  return {
    sub: id,
    ...((scope.split(' ').includes('hold') || 'hold_until' in asked) && heldUntil(account, now)),
    email,
    email_verified: true,
    ...(phone !== undefined && { phone_number: phone, phone_number_verified: true }),
    ...(profile?.name !== undefined && { name: profile.name }),
    ...(profile?.username !== undefined && { preferred_username: profile.username }),
    ...(profile?.zone !== undefined && { zoneinfo: profile.zone }),
    locale,
    updated_at: Math.floor(Math.max(updatedAt, profile?.at ?? 0) / 1000),
  }
}
