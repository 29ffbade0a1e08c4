import type { Accounts } from '../accounts/account.ts'
import type { Hold } from '../accounts/hold.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { SendMail } from '../delivery/mails.ts'
import type { Emit } from '../events.ts'
import type { Store } from '../store/collection.ts'
import { keys as keysOf } from './api-keys.ts'
import { exchange, type Methods } from './exchange-scheme.ts'
import { owner as ownerOf, type Words } from './owner.ts'
import { query } from './query.ts'
import { rfc9421 } from './rfc9421.ts'
import { subject, verification as verificationOf } from './verification.ts'
import { failures, nonces } from './verification-records.ts'

interface Services {
  store: Store
  sealer: Sealer
  accounts: Accounts
  throttle: Throttle
  hold: Hold
  sendMail: SendMail
  words: Words
  emit: Emit
  /** What bots may sign by the exchange scheme. */
  methods: Methods
  /** The token endpoint's URL. */
  tokens: string
  now: () => number
}

/** Puts together API keys: what their owners do with them, and what resource servers ask of them. `judge` verifies a signed request that is exchanged for a token. */
export function apiKeys({ methods, tokens, ...services }: Services) {
  const keys = keysOf(services)
  const owner = ownerOf({ ...services, keys })
  const verification = verificationOf({
    ...services,
    keys,
    schemes: { rfc9421, exchange: exchange(methods), query },
    nonces: nonces(services),
    failures: failures(services),
    warn: owner.warn,
  })
  return { keys, owner, verification, judge: subject({ verification, endpoint: tokens }) }
}
