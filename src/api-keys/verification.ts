import { type Account, type Accounts, active, keyEnded } from '../accounts/account.ts'
import { heldUntil } from '../accounts/hold.ts'
import type { Emit, Origin } from '../events.ts'
import { within } from '../network.ts'
import type { ApiKey, Keys, Scope } from './api-keys.ts'
import { type Claim, type Reason, Refusal, refusals, type Scheme, type SchemeId } from './scheme.ts'
import { type Failures, type Nonces, patience } from './verification-records.ts'
import { InvalidVerifyRequest, readVerifyRequest, type VerifyRequest } from './verify-request.ts'

/** The answer to a resource server: as in token introspection (RFC 7662), except that a refusal says why. */
export type Verdict =
  | {
      active: true
      /** The account. */
      sub: string
      key_id: string
      /** What the key may do, parted by spaces. */
      scope: string
      /** When the key ends, in seconds since the epoch; null when it does not. */
      expires_at: number | null
      /** Until when the account is to wait with what cannot be undone, in seconds since the epoch; absent where it need not. */
      hold_until?: number
    }
  | {
      active: false
      code: (typeof refusals)[Reason]
      /** The code's name. */
      reason: Reason
      /** Seconds until another try makes sense. */
      retry_after?: number
    }

export type Verification = ReturnType<typeof verification>

interface Services {
  schemes: { readonly [id in SchemeId]: Scheme }
  keys: Keys
  accounts: Pick<Accounts, 'get'>
  nonces: Nonces
  failures: Failures
  /** Tells the owner that a key was closed to an address. */
  warn(key: ApiKey, address: string | undefined): Promise<void>
  emit: Emit
  now: () => number
}

/** The resource server that asks, and where the request came from. */
interface From {
  client: string
  scheme: SchemeId
  address: string | undefined
  origin: Origin
}

/** What a request is judged by besides its key: the address that it came from, and the key's owner. */
interface Known {
  address: string | undefined
  owner: Account | undefined
}

/** Reasons that only the holder of the key, or of a copied request, can cause. */
const afterSignature: readonly Reason[] = ['DUPLICATE_REQUEST', 'INSUFFICIENT_SCOPE']

/** Verifies signed requests for resource servers. */
export function verification(services: Services) {
  const { schemes, keys, accounts, nonces, failures, warn, emit, now } = services

  /** Compares with the key's secret and its former one; without a key, with a decoy, so that an unknown key takes as long as a wrong signature. */
  const isSigned = (scheme: Scheme, claim: Claim, key: ApiKey | undefined): boolean =>
    scheme.verify(claim, keys.open(key, claim.algorithm, 'current')) ||
    scheme.verify(claim, keys.open(key, claim.algorithm, 'former'))

  /** Returns the first thing that is wrong with a claim, except for its nonce. Everything is checked before anything is reported. */
  const faultOf = (scheme: Scheme, claim: Claim, key: ApiKey | undefined, { address, owner }: Known) => {
    const signed = isSigned(scheme, claim, key)
    if (!key) return 'UNKNOWN_KEY'
    const rows: [Reason, boolean][] = [
      ['KEY_REVOKED', key.revokedAt !== undefined || !active(owner) || keyEnded(owner, key)],
      ['KEY_EXPIRED', key.endsAt !== undefined && key.endsAt <= now()],
      ['WRONG_ALGORITHM', key.algorithm !== claim.algorithm],
      ['ADDRESS_NOT_ALLOWED', key.addresses.length > 0 && !within(key.addresses)(address)],
      ['INVALID_NONCE', claim.at - now() > claim.ahead || now() - claim.at > claim.behind],
      ['INVALID_SIGNATURE', !signed],
      ['DIGEST_MISMATCH', !claim.intact],
    ]
    return rows.find(([, fails]) => fails)?.[0]
  }

  const refused = (reason: Reason, retryAfter?: number): Verdict => ({
    active: false,
    code: refusals[reason],
    reason,
    ...(retryAfter !== undefined && { retry_after: retryAfter }),
  })

  const passed = async (
    key: ApiKey,
    owner: Account | undefined,
    { client, scheme, address, origin }: From,
  ): Promise<Verdict> => {
    await keys.used(key, address)
    await emit('api-key.used', { account: key.account, key: key.id, client, scheme }, origin)
    const endsAt = key.endsAt === undefined ? null : Math.floor(key.endsAt / 1000)
    const scope = key.scopes.join(' ')
    const held = owner && heldUntil(owner, now())
    return { active: true, sub: key.account, key_id: key.id, scope, expires_at: endsAt, ...held }
  }

  const failed = async (reason: Reason, key: ApiKey | undefined, from: From): Promise<Verdict> => {
    const { client, scheme, address, origin } = from
    const late = afterSignature.includes(reason)
    // Unknown keys are counted by address alone, because anybody can make up key ids. Failures after a valid signature close nothing.
    const counted = key ? (late ? `${key.id} signed` : key.id) : ''
    const nth = await failures.count({ key: counted, address })
    // A flood is tallied instead of logged one by one.
    if (nth > patience.failures) await emit('api-key.refused', { client, reason }, origin)
    else await emit('api-key.used-wrongly', { account: key?.account, key: key?.id, client, scheme, reason }, origin)
    if (key && !late && nth === patience.failures) {
      await emit('api-key.throttled', { account: key.account, key: key.id, client }, origin)
      await warn(key, address)
    }
    return refused(reason)
  }

  return {
    /**
     * Verifies a signed request that a client of ours, a resource server, received. In this order: shape, key, address,
     * time, signature, nonce, scope; the first that fails is told. Throws InvalidVerifyRequest when the question itself is wrong.
     */
    verify: async (question: unknown, client: string, origin: Origin = {}): Promise<Verdict> => {
      let request: VerifyRequest
      let claim: Claim
      try {
        request = readVerifyRequest(question)
        claim = await schemes[request.scheme].parse(request.request)
      } catch (fault) {
        if (!(fault instanceof Refusal)) throw fault
        await emit('api-key.refused', { client, reason: fault.reason }, origin)
        return refused(fault.reason)
      }
      const { scheme, address } = request
      const from = { client, scheme, address, origin: { ...origin, address: address ?? origin.address } }
      const [key, closed] = await Promise.all([keys.get(claim.key), failures.closedFor({ key: claim.key, address })])
      if (closed !== undefined) {
        await emit('api-key.refused', { client, reason: 'TOO_MANY_FAILURES' }, from.origin)
        return refused('TOO_MANY_FAILURES', closed)
      }
      const owner = await accounts.get(key?.account ?? '')
      const reason = faultOf(schemes[scheme], claim, key, { address, owner })
      if (reason || !key) return failed(reason ?? 'UNKNOWN_KEY', key, from)
      if (!(await nonces.spend(scheme, claim))) return failed('DUPLICATE_REQUEST', key, from)
      const needed = claim.scope === undefined ? request.scope : [...request.scope, claim.scope]
      if (!needed.every(each => key.scopes.includes(each as Scope))) return failed('INSUFFICIENT_SCOPE', key, from)
      return passed(key, owner, from)
    },
  }
}

const longest = 32_768
const unreadable: Verdict = { active: false, code: refusals.BAD_REQUEST, reason: 'BAD_REQUEST' }

/**
 * Verifies a signed request that is to be exchanged for a token (RFC 8693): base64url of the JSON `{method, url, headers}`. It must
 * be signed by RFC 9421 and be a POST to `endpoint`, so that a request signed for an API is worth no token.
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
      if (fault instanceof InvalidVerifyRequest) return unreadable
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
