import type { Accounts } from '../accounts/account.ts'
import type { Credential } from '../accounts/credential.ts'
import type { SendMail } from '../delivery/mails.ts'
import type { Observer } from '../events.ts'
import { maskedEmail } from '../factors/contacts.ts'
import { alerts } from '../observers/alerts.ts'
import type { Words } from '../web/phrases.ts'
import type { People } from './people.ts'

interface Services {
  people: Pick<People, 'credentials' | 'links' | 'factors' | 'limitedUntil' | 'reach'>
  /** Where somebody who asked for an identity check can be reached. */
  contactOf: (id: string) => Promise<string | undefined>
  accounts: Accounts
  sendMail: SendMail
  say: (locale: string, key: string, values?: Record<string, string | number>) => string
  words: Words
}

/** Puts together what tells owners of what was done to their accounts. */
export function telling({ people, contactOf, ...services }: Services): Observer {
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
