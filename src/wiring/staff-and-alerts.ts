import { cases as casesOf } from '../account-recovery/cases.ts'
import { documents as documentsOf } from '../account-recovery/identity-documents.ts'
import { schedule as scheduleOf } from '../account-recovery/schedule.ts'
import { staffDecisions as staffDecisionsOf } from '../account-recovery/staff-decisions.ts'
import { submissions as submissionsOf } from '../account-recovery/submission.ts'
import type { Accounts } from '../accounts/account.ts'
import type { Addresses } from '../accounts/address.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Links } from '../accounts/link.ts'
import { roles as rolesOf } from '../accounts/role.ts'
import type { SessionBook } from '../accounts/session.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { Config } from '../config.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { SendMail } from '../delivery/mails.ts'
import type { Emit, Observer } from '../events.ts'
import { maskedEmail } from '../factors/contacts.ts'
import { alerts } from '../observers/alerts.ts'
import type { Store } from '../store/collection.ts'
import type { Words } from '../web/phrases.ts'
import type { People } from './people.ts'

interface Services {
  store: Store
  sealer: Sealer
  accounts: Accounts
  addresses: Addresses
  reach: Reaching
  credentials: Credentials
  links: Links
  throttle: Throttle
  book: SessionBook
  sendMail: SendMail
  emit: Emit
  onFault: (fault: unknown) => void
  now: () => number
}

type Reaching = (credential: Credential) => { email?: string | undefined; phone?: string | undefined }

/** Puts together identity checks: what people do, what the staff do, and what happens by itself. */
export function identity({ recovery }: Config, services: Services) {
  const { store, sealer, onFault, now } = services
  const roles = rolesOf({ store, now })
  const documents = documentsOf({ store, sealer })
  const cases = casesOf({ store, sealer, documents, now })
  const kept = { ...services, roles, documents, cases, wake: () => schedule.wake() }
  const submissions = submissionsOf(kept)
  const { emit } = services
  const schedule = scheduleOf({ cases, mailReady: submissions.mailReady, emit, delay: recovery.delay, onFault, now })
  const contactOf = async (id: string) => (await cases.get(id))?.contact
  return { roles, cases, submissions, staffDecisions: staffDecisionsOf(kept), schedule, contactOf }
}

interface Told {
  people: Pick<People, 'credentials' | 'links' | 'factors' | 'limitedUntil' | 'reach'>
  /** Where somebody who asked for an identity check can be reached. */
  contactOf: (id: string) => Promise<string | undefined>
  accounts: Accounts
  sendMail: SendMail
  say: (locale: string, key: string, values?: Record<string, string | number>) => string
  words: Words
}

/** Puts together what tells owners of what was done to their accounts. */
export function telling({ people, contactOf, ...services }: Told): Observer {
  const { credentials, links, factors, limitedUntil, reach } = people
  const known = ({ factor }: Pick<Credential, 'factor'>) => factors.find(({ id }) => id === factor)
  return alerts({
    ...{ ...services, credentials, links, limitedUntil, reach },
    contactOf: async id => maskedEmail((await contactOf(id)) ?? ''),
    mask: credential => {
      const factor = known(credential)
      return factor?.channel && factor.hint?.(credential.secret)
    },
  })
}
