import { caseNews as caseNewsOf, type Waiting } from '../../src/account-recovery/case-news.ts'
import { cases as casesOf, checks } from '../../src/account-recovery/cases.ts'
import { documents as documentsOf } from '../../src/account-recovery/identity-documents.ts'
import { schedule as scheduleOf } from '../../src/account-recovery/schedule.ts'
import { staffDecisions as staffDecisionsOf } from '../../src/account-recovery/staff-decisions.ts'
import { submissions as submissionsOf } from '../../src/account-recovery/submission.ts'
import { type Account, accounts } from '../../src/accounts/account.ts'
import { addresses } from '../../src/accounts/address.ts'
import { type Credential, credentials } from '../../src/accounts/credential.ts'
import { links } from '../../src/accounts/link.ts'
import { roles } from '../../src/accounts/role.ts'
import { sessionBook } from '../../src/accounts/session.ts'
import { throttle } from '../../src/accounts/throttle.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer as sealerOf } from '../../src/crypto/seal.ts'
import type { Emit } from '../../src/events.ts'
import type { Store } from '../../src/store/collection.ts'
import { moment } from '../../src/web/phrases.ts'
import { passport } from '../support/identity.ts'
import { mailbox } from '../support/mails.ts'
import { codeOf } from '../support/outcome.ts'

const day = 24 * 3_600_000
/** A reason, and everything ticked. */
export const fits = { reason: 'It fits.', checks }
export const visitor = { device: 'd', address: '192.0.2.7', agent: undefined }

/** All of the identity room over one store, without pages. `told` is everything that was recorded; `mailed` everything written. */
export async function desk(store: Store, now: () => number) {
  const sealer = sealerOf(keyring(['a secret of the tests, 32 or longer']))
  const told: { name: string; data: object }[] = []
  const { sent: mailed, sendMail } = mailbox()
  const faults: unknown[] = []
  let fails = false
  let once = false
  const emit = (async (name: string, data: object) => {
    if (fails || once) {
      once = false
      throw new Error('the log is away')
    }
    told.push({ name, data })
  }) as Emit
  const kept = {
    ...{ store, sealer, emit, now },
    accounts: accounts(store),
    credentials: credentials({ store, sealer, now }),
    addresses: addresses({ store, sealer, accounts: accounts(store), now }),
    reach: ({ secret }: Credential) => ({ email: (secret as { to: string }).to }),
    links: links({ store, now }),
    roles: roles({ store, now }),
    book: sessionBook({ store, longest: day, now }),
    throttle: throttle({ store, now }),
    documents: documentsOf({ store, sealer }),
    sendMail,
    wake: () => {},
  }
  const cases = casesOf(kept)
  const submissions = submissionsOf({ ...kept, cases })
  const staffDecisions = staffDecisionsOf({ ...kept, cases })
  const onFault = (each: unknown) => faults.push(each)
  const proposed: Waiting[] = []
  /** Tells staff of cases and of what is `proposed`, as one worker does; one that fails to send with another `sendMail`. */
  const news = (by = sendMail, of = cases) => {
    const { tell } = caseNewsOf({
      ...{ ...kept, onFault },
      cases: of,
      sendMail: by,
      words: { moment: (locale, since, zone = 'UTC') => moment(locale, since, 'long', zone) },
    })
    return { tell: () => tell(async () => [...proposed]) }
  }
  const mailReady = submissions.mailReady
  const ring = () => scheduleOf({ ...{ cases, mailReady, emit, now, onFault }, delay: day, every: 60_000 })

  const person = async (id: string) => {
    const known = { id, email: `${id}@example.com`, locale: 'en', status: 'active' as const }
    await kept.accounts.insert({ ...known, createdAt: now(), updatedAt: now() })
    return { ...known, createdAt: now(), updatedAt: now() }
  }
  const staff = async (id: string) => {
    const each = await person(id)
    await kept.roles.give(id, 'support')
    return each
  }
  const bearer = () => String(mailed.at(-1)?.data.bearer ?? '')
  /** Hands in one document by the link of the last mail, as far as the staff's queue; resolves to the number of the case. */
  const handedIn = async () => {
    const own = bearer()
    await submissions.send(own, visitor, async keep => {
      const { name, type } = passport()
      await keep({ name, declared: type, content: passport().stream() as unknown as AsyncIterable<Uint8Array> })
      return { story: 'Lost.' }
    })
    await ring().start()()
    return { number: (await submissions.look(own)).id, bearer: own }
  }
  return {
    ...{ kept, cases, submissions, staffDecisions, told, mailed, sendMail, faults, bearer, ring, news, proposed },
    /** Makes the record fail from now on, or work again. */
    failing: (from: boolean) => {
      fails = from
    },
    /** Makes it fail for the next who is told. */
    failingOnce: () => {
      once = true
    },
    person,
    staff,
    /** Three of the staff: one more than has to decide. */
    three: async (): Promise<[Account, Account, Account]> => [
      await staff('grace'),
      await staff('edsger'),
      await staff('barbara'),
    ],
    /** Has one of the staff decide, with everything checked; resolves to `done`, or to the code of the Problem that stopped it. */
    decide: (who: Account, number: string, verdict: 'approve' | 'refuse' = 'approve') =>
      codeOf(staffDecisions.decide(number, who, { ...fits, verdict })),
    state: async (number: string) => (await cases.get(number))?.state,
    /** One round of what happens by itself. */
    round: async () => ring().start()(),
    /** A case with one document, as far as the staff's queue; resolves to its number. */
    queued: async (email: string, contact = '') => {
      await submissions.ask({ email, contact }, 'en', visitor)
      return handedIn()
    },
    handedIn,
  }
}
