import { same } from '../crypto/compare.ts'
import { hmac } from '../crypto/digest.ts'
import type { Keyring } from '../crypto/keyring.ts'

/** Signs cookies with the newest secret and believes those of any, by HMAC-SHA256: what Koa wants of its `keys`. */
export interface CookieKeys {
  sign(data: string): string
  /** The place of the key that signed, or -1. */
  index(data: string, signature: string): number
  verify(data: string, signature: string): boolean
}

/** Derives cookie keys from the operator's secrets. */
export function cookieKeys(keyring: Keyring): CookieKeys {
  const keys = keyring.all('cookies')
  const index = (data: string, signature: string): number =>
    keys.findIndex(({ bytes }) => same(hmac(bytes, data), signature))
  return {
    sign: data => hmac(keyring.newest('cookies').bytes, data),
    index,
    verify: (data, signature) => index(data, signature) >= 0,
  }
}
