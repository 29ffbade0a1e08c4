import type { AccountClaims } from 'oidc-provider'
import type { Account } from '../accounts/account.ts'

/** Which claims each scope opens (OpenID Connect Core 1.0, 5.4); how somebody signed in belongs to `openid`. */
export const claims = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  profile: ['locale', 'updated_at'],
  acr: null,
  auth_time: null,
  iss: null,
  sid: null,
}

/** The scopes that are not an API's. */
export const oidcScopes: readonly string[] = ['openid', 'email', 'phone', 'profile', 'offline_access']

/** What apps may learn of an account; which of it they do, their scopes decide. */
export function claimsOf({ id, email, phone, locale, updatedAt }: Account): AccountClaims {
  return {
    sub: id,
    email,
    email_verified: true,
    ...(phone !== undefined && { phone_number: phone, phone_number_verified: true }),
    locale,
    updated_at: Math.floor(updatedAt / 1000),
  }
}
