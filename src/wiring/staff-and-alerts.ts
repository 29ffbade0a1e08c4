import { caseNews as caseNewsOf } from '../account-recovery/case-news.ts'
import { cases as casesOf } from '../account-recovery/cases.ts'
import { documents as documentsOf } from '../account-recovery/identity-documents.ts'
import { schedule as scheduleOf } from '../account-recovery/schedule.ts'
import { staffDecisions as staffDecisionsOf } from '../account-recovery/staff-decisions.ts'
import { submissions as submissionsOf } from '../account-recovery/submission.ts'
import type { Credential } from '../accounts/credential.ts'
import { roles as rolesOf } from '../accounts/role.ts'
import type { Config } from '../config.ts'
import type { Sealer } from '../crypto/seal.ts'
import type { Observer } from '../events.ts'
import { maskedEmail } from '../factors/contacts.ts'
import { alerts } from '../observers/alerts.ts'
import type { Store } from '../store/collection.ts'
import type { People } from './people.ts'

type Made = 'roles' | 'documents' | 'cases' | 'wake'
type Services = Omit<Parameters<typeof submissionsOf>[0] & Parameters<typeof staffDecisionsOf>[0], Made> &
  Pick<Parameters<typeof caseNewsOf>[0], 'onFault' | 'words'> & { store: Store; sealer: Sealer }

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
  const staff = { staffDecisions: staffDecisionsOf(kept), caseNews: caseNewsOf(kept) }
  return { roles, cases, submissions, ...staff, schedule, contactOf }
}

type Told = {
  people: Pick<People, 'credentials' | 'links' | 'factors' | 'limitedUntil' | 'reach'>
  /** Where somebody who asked for an identity check can be reached. */
  contactOf: (id: string) => Promise<string | undefined>
} & Pick<Parameters<typeof alerts>[0], 'accounts' | 'sendMail' | 'say' | 'words'>

/** Puts together what tells owners of what was done to their accounts. */
export function telling({ people, contactOf, ...services }: Told): Observer {
  const { credentials, links, factors, limitedUntil, reach } = people
  const known = ({ factor }: Pick<Credential, 'factor'>) => factors.find(({ id }) => id === factor)
  return alerts({
    ...{ ...services, credentials, links, limitedUntil },
    reach: credential => ({ ...reach(credential), unproved: known(credential)?.unproved?.(credential.secret) }),
    contactOf: async id => maskedEmail((await contactOf(id)) ?? ''),
    mask: credential => {
      const factor = known(credential)
      return factor?.channel && factor.hint?.(credential.secret)
    },
  })
}
