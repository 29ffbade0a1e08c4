import { generateSync } from 'otplib'

/** What an authenticator app shows for a base32 secret, spaces and all, at a moment in milliseconds. */
export function totpAt(secret: string, ms: number): string {
  return generateSync({ secret: secret.replace(/\s/g, ''), epoch: Math.floor(ms / 1000) })
}
