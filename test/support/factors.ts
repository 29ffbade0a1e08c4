import * as argon2 from '@node-rs/argon2'
import { hasher } from '../../src/crypto/hash.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { Problem } from '../../src/errors.ts'
import type { Subject } from '../../src/factors/factor.ts'
import type { Sending } from '../../src/factors/sent-code.ts'

export const issuer = 'https://id.example.com'
export const name = 'Latchkey'
/** A Tuesday, in the middle of a TOTP step. */
export const noon = 1_790_000_010_000

/** What factors need, real but cheap: every message is in `sent`, every hash operation counted in `hashes`. */
export function services() {
  const sent: Sending[] = []
  const hashes = { count: 0 }
  const keys = keyring(['a secret of thirty-two characters or more'])
  const engine: Pick<typeof argon2, 'hash' | 'verify'> = {
    hash: (...given) => {
      hashes.count += 1
      return argon2.hash(...given)
    },
    verify: (...given) => {
      hashes.count += 1
      return argon2.verify(...given)
    },
  }
  return {
    hasher: hasher({ keyring: keys, queue: 1000, cost: { memory: 8, passes: 1 }, engine }),
    sealer: sealer(keys),
    send: async (sending: Sending) => {
      sent.push(sending)
    },
    name,
    issuer,
    sent,
    hashes,
  }
}

/** Ada, at noon, holding nothing unless told. */
export function subject<Secret>(changes: Partial<Subject<Secret>> = {}): Subject<Secret> {
  return { account: 'account-of-ada', email: 'ada@example.com', credentials: [], locale: 'en', now: noon, ...changes }
}

/** The Problem that a promise is rejected with; throws anything else, and an Error when there is none. */
export async function problem(promise: Promise<unknown>): Promise<Problem> {
  try {
    await promise
  } catch (fault) {
    if (fault instanceof Problem) return fault
    throw fault
  }
  throw new Error('there was no problem')
}
