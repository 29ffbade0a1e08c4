import type { Origin } from '../events.ts'
import { refusals } from './refusal.ts'
import type { Verdict, Verification } from './verification.ts'
import { Misasked } from './verify-request.ts'

const longest = 32_768
const unreadable: Verdict = { active: false, code: refusals.BAD_REQUEST, reason: 'BAD_REQUEST' }

/**
 * Judges a signed request that is to be exchanged for a token: base64url of the JSON `{method, url, headers}`. It must be
 * an RFC 9421 one, and a POST to `endpoint`: what was signed for an API is no good for more than that.
 */
export function subject({ verification, endpoint }: { verification: Verification; endpoint: string }) {
  return async (token: string, client: string, origin: Origin): Promise<Verdict> => {
    const { method, url, headers, ...more } = read(token)
    const meant = method === 'POST' && url === endpoint && Object.keys(more).length === 0
    if (!meant || typeof headers !== 'object') return unreadable
    const question = { scheme: 'rfc9421', method, url, headers, address: origin.address }
    try {
      return await verification.verify(question, client, origin)
    } catch (fault) {
      if (fault instanceof Misasked) return unreadable
      throw fault
    }
  }
}

function read(token: string): Record<string, unknown> {
  if (token.length > longest || !/^[\w-]+$/.test(token)) return {}
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    return typeof read === 'object' && read !== null ? { ...read } : {}
  } catch {
    return {}
  }
}
