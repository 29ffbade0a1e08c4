import { httpbis } from 'http-message-signatures'
import { same } from '../crypto/compare.ts'
import { sha256 } from '../crypto/digest.ts'
import { Refusal } from './refusal.ts'
import type { SignedRequest } from './scheme.ts'

const field = 'content-digest'
const ours = new Map([['key', 'sha-256']])

/** The SHA-256 in a Content-Digest field (RFC 9530, 2), as a byte sequence `:…:`; throws Refusal where there is none. */
export function sha256In(contentDigest: string): string {
  // As nearly everybody writes it; the library first tries other shapes, at the cost of an error's stack.
  const [, alone] = /^sha-256=(:[A-Za-z0-9+/]{43}=:)$/.exec(contentDigest) ?? []
  if (alone !== undefined) return alone
  try {
    const [member = ''] = httpbis.extractHeader(field, ours, {
      method: '',
      url: '',
      headers: { [field]: contentDigest },
    })
    if (/^:[A-Za-z0-9+/]{43}=:$/.test(member)) return member
  } catch {}
  throw new Refusal('BAD_REQUEST')
}

/** The Content-Digest of a body (RFC 9530, 2). */
export function contentDigest(body: string | Uint8Array): string {
  return `sha-256=:${sha256(body, 'base64')}:`
}

/** Is a request's body the one whose digest the field tells? Throws Refusal when the field cannot be read. */
export function intact({ body = '', digest }: Pick<SignedRequest, 'body' | 'digest'>, told: string): boolean {
  return same(sha256In(told), sha256In(digest ?? contentDigest(body)))
}
