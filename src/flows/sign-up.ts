import type { Accounts } from '../accounts/account.ts'
import type { Credentials } from '../accounts/credential.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import type { Record as RecordEvent } from '../events.ts'
import type { Enrolled, Factor } from '../factors/factor.ts'
import { Conflict } from '../store/collection.ts'
import type { Attempt } from './attempts.ts'

/** What was enrolled before there is an account to hold it. */
export interface Pending extends Enrolled<unknown> {
  factor: string
}

/** Words to a person outside any page. */
export interface Messages {
  /** Somebody tried to sign up with an address that has an account. */
  taken(to: string, locale: string): Promise<void>
  /** The account exists now. */
  welcome(to: string, locale: string): Promise<void>
}

export interface SignUp {
  /** The attempt's sealed list with one more enrolment in it. */
  add(attempt: Attempt, factor: Factor, enrolled: Enrolled<unknown>): string
  /** That list. */
  open(attempt: Attempt, pending: string | undefined): Pending[]
  /** Makes the account and all that it holds. Its row comes last: until then nobody has an account, half or whole. Throws `conflict`. */
  commit(attempt: Attempt, pending: string, factors: readonly Factor[]): Promise<void>
}

interface Services {
  accounts: Accounts
  credentials: Credentials
  sealer: Sealer
  messages: Messages
  record: RecordEvent
  now: () => number
}

/** Keeps what a sign-up enrols, and turns it into an account once it is whole. */
export function signUp({ accounts, credentials, sealer, messages, record, now }: Services): SignUp {
  const context = (attempt: Attempt) => `pending:${attempt.id}`
  const open = (attempt: Attempt, sealed: string | undefined): Pending[] =>
    sealed === undefined ? [] : JSON.parse(sealer.open(sealed, context(attempt)))

  return {
    add: (attempt, factor, enrolled) =>
      sealer.seal(
        JSON.stringify([...open(attempt, attempt.pending), { factor: factor.id, ...enrolled }]),
        context(attempt),
      ),
    open,
    commit: async (attempt, pending, factors) => {
      const account = attempt.account
      if (account === undefined) throw new Problem('attempt_expired')
      const enrolled = open(attempt, pending)
      const vouched = enrolled.map(each => factors.find(({ id }) => id === each.factor)?.vouches?.(each.secret))
      const { email, phone }: { email?: string; phone?: string } = Object.assign({}, ...vouched)
      if (email === undefined) throw new Problem('attempt_expired')
      for (const each of enrolled) await credentials.add({ account, ...each })
      const at = now()
      try {
        await accounts.insert({
          id: account,
          email,
          phone,
          locale: attempt.locale,
          status: 'active',
          createdAt: at,
          updatedAt: at,
        })
      } catch (fault) {
        for (const { id } of await credentials.of(account)) await credentials.remove(id)
        if (fault instanceof Conflict) throw new Problem('conflict')
        throw fault
      }
      await record('account.created', { account })
      await messages.welcome(email, attempt.locale)
    },
  }
}
