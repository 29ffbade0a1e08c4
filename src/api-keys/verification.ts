import { type Accounts, active, keyEnded } from '../accounts/account.ts'
import type { Emit, Origin } from '../events.ts'
import { within } from './allowed-addresses.ts'
import type { ApiKey, Keys, Scope } from './api-keys.ts'
import type { Nonces } from './nonces.ts'
import { type Reason, Refusal, refusals } from './refusal.ts'
import type { Claim, Scheme, SchemeId } from './scheme.ts'
import { type Failures, patience } from './verify-failures.ts'
import { type Asked, readAsked } from './verify-request.ts'

/** What a resource server is told: as in token introspection (RFC 7662), but that a refusal says why. */
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
    }
  | {
      active: false
      code: (typeof refusals)[Reason]
      /** The code's name. */
      reason: Reason
      /** Seconds until another try makes sense. */
      retry_after?: number
    }

export interface Verification {
  /**
   * Judges a signed request that a client of ours, a resource server, received. In this order: shape, key, address,
   * time, signature, nonce, scope; the first that fails is told. Throws Misasked when the question itself is wrong.
   */
  verify(question: unknown, client: string, origin?: Origin): Promise<Verdict>
}

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

/** Who asks, and whose request it is. */
interface From {
  client: string
  scheme: SchemeId
  address: string | undefined
  origin: Origin
}

/** What only somebody who holds the key, or copied a request of theirs, can make happen. */
const afterSignature: readonly Reason[] = ['DUPLICATE_REQUEST', 'INSUFFICIENT_SCOPE']

/** Makes the one way in which signed requests are judged. */
export function verification(services: Services): Verification {
  const { schemes, keys, accounts, nonces, failures, warn, emit, now } = services

  /** Tries the key's secret and its former one; where there is none, nobody's in its place, so that no key takes as long as a wrong signature. */
  const isSigned = (scheme: Scheme, claim: Claim, key: ApiKey | undefined): boolean =>
    scheme.verify(claim, keys.open(key, claim.algorithm, 'current')) ||
    scheme.verify(claim, keys.open(key, claim.algorithm, 'former'))

  /** What is wrong with a claim, its nonce aside, or nothing. Everything is looked at before anything is said. */
  const judge = async (scheme: Scheme, claim: Claim, key: ApiKey | undefined, address: string | undefined) => {
    const owner = await accounts.get(key?.account ?? '')
    const signed = isSigned(scheme, claim, key)
    if (!key) return 'UNKNOWN_KEY'
    const rows: [Reason, boolean][] = [
      ['KEY_REVOKED', key.revokedAt !== undefined || !active(owner) || keyEnded(owner, key)],
      ['KEY_EXPIRED', key.endsAt !== undefined && key.endsAt <= now()],
      ['WRONG_ALGORITHM', key.algorithm !== claim.algorithm],
      ['ADDRESS_NOT_ALLOWED', key.addresses.length > 0 && !within(key.addresses, address)],
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

  const passed = async (key: ApiKey, { client, scheme, address, origin }: From): Promise<Verdict> => {
    await keys.used(key, address)
    await emit('api-key.used', { account: key.account, key: key.id, client, scheme }, origin)
    const endsAt = key.endsAt === undefined ? null : Math.floor(key.endsAt / 1000)
    return { active: true, sub: key.account, key_id: key.id, scope: key.scopes.join(' '), expires_at: endsAt }
  }

  const failed = async (reason: Reason, key: ApiKey | undefined, from: From): Promise<Verdict> => {
    const { client, scheme, address, origin } = from
    const late = afterSignature.includes(reason)
    // What names no key is counted by its address alone: names are free. What was signed closes nothing.
    const counted = key ? (late ? `${key.id} signed` : key.id) : ''
    const nth = await failures.count({ key: counted, address })
    // A flood is tallied, and not written down one by one.
    if (nth > patience.failures) await emit('api-key.refused', { client, reason }, origin)
    else await emit('api-key.used-wrongly', { account: key?.account, key: key?.id, client, scheme, reason }, origin)
    if (key && !late && nth === patience.failures) {
      await emit('api-key.throttled', { account: key.account, key: key.id, client }, origin)
      await warn(key, address)
    }
    return refused(reason)
  }

  return {
    verify: async (question, client, origin = {}) => {
      let asked: Asked
      let claim: Claim
      try {
        asked = readAsked(question)
        claim = await schemes[asked.scheme].parse(asked.request)
      } catch (fault) {
        if (!(fault instanceof Refusal)) throw fault
        await emit('api-key.refused', { client, reason: fault.reason }, origin)
        return refused(fault.reason)
      }
      const { scheme, address } = asked
      const from = { client, scheme, address, origin: { ...origin, address: address ?? origin.address } }
      const [key, closed] = await Promise.all([keys.get(claim.key), failures.closedFor({ key: claim.key, address })])
      if (closed !== undefined) {
        await emit('api-key.refused', { client, reason: 'TOO_MANY_FAILURES' }, from.origin)
        return refused('TOO_MANY_FAILURES', closed)
      }
      const reason = await judge(schemes[scheme], claim, key, address)
      if (reason || !key) return failed(reason ?? 'UNKNOWN_KEY', key, from)
      if (!(await nonces.spend(scheme, claim))) return failed('DUPLICATE_REQUEST', key, from)
      const needed = claim.scope === undefined ? asked.scope : [...asked.scope, claim.scope]
      if (!needed.every(each => key.scopes.includes(each as Scope))) return failed('INSUFFICIENT_SCOPE', key, from)
      return passed(key, from)
    },
  }
}
