import { addresses as addressesOf } from '../accounts/address.ts'
import { announcements as announcementsOf } from '../accounts/announcement.ts'
import { receipts as receiptsOf } from '../accounts/approval-receipt.ts'
import { belongings as belongingsOf } from '../accounts/belongings.ts'
import { steadyClock } from '../accounts/clock.ts'
import { type Credential, credentials as credentialsOf } from '../accounts/credential.ts'
import { admissions as admissionsOf, agentOf, devices as devicesOf } from '../accounts/device.ts'
import { failures as failuresOf } from '../accounts/failures.ts'
import { links as linksOf } from '../accounts/link.ts'
import { quota as quotaOf } from '../accounts/quota.ts'
import type { SessionBook } from '../accounts/session.ts'
import { zoneOf } from '../accounts/time-zone.ts'
import type { Config } from '../config.ts'
import type { Visitor } from '../events.ts'
import { type FactorServices, factors as factorsOf } from '../factors/index.ts'
import { approving as approvingOf } from '../flows/approval.ts'
import type { Approved } from '../flows/approval-statement.ts'
import { asking } from '../flows/asking.ts'
import { limitedUntil as limited } from '../flows/assurance.ts'
import { challenges as challengesOf } from '../flows/challenge.ts'
import { closing as closingOf } from '../flows/closing.ts'
import { committing } from '../flows/committing.ts'
import { disowning as disowningOf } from '../flows/disowning.ts'
import { enrolling } from '../flows/enrolment.ts'
import { engine } from '../flows/flow.ts'
import type { FlowServices } from '../flows/flow-services.ts'
import { flows as flowsOf } from '../flows/flow-store.ts'
import { type AskOwner, mailbox as mailboxOf } from '../flows/mailbox.ts'
import { proofs, proving } from '../flows/proof.ts'
import { protection as protectionOf } from '../flows/protection.ts'
import { recovering as recoveringOf } from '../flows/recovering.ts'
import { resetting as resettingOf } from '../flows/resetting.ts'
import { signUp as signUpOf } from '../flows/sign-up.ts'
import type { Places } from '../risk/places.ts'
import { risk as riskOf } from '../risk/weigh.ts'
import type { Store } from '../store/collection.ts'
import type { Words } from '../web/phrases.ts'
import { belongingsList } from './personal-data.ts'

type Given = 'sealer' | 'accounts' | 'throttle' | 'postage' | 'sendMail' | 'emit' | 'onFault' | 'now'
type Services = Pick<FlowServices, Given> &
  Pick<Parameters<typeof recoveringOf>[0], 'complete' | 'cutOff'> &
  Pick<Parameters<typeof closingOf>[0], 'endAll'> &
  Pick<FactorServices, 'hasher' | 'likeness' | 'name'> & {
    store: Store
    book: SessionBook
    places: Places
    words: Words
  }

export type People = ReturnType<typeof people>

/** Puts together what people hold, and the ways that they walk: all of accounts, factors, risk and flows. */
export function people({ issuer, trust, hold, closing: patience, sms }: Config, services: Services) {
  const { store, sealer, hasher, accounts, throttle, postage, book, places, sendMail, words, emit, name, now } =
    services
  const { endAll, complete, cutOff, likeness, onFault } = services
  const credentials = credentialsOf({ store, sealer, now })
  const devices = devicesOf({ store, trustFor: trust, now })
  const admissions = admissionsOf({ store, now })
  const links = linksOf({ store, now })
  const quota = quotaOf({ store, emit, now })
  const failures = failuresOf({ store, emit, now })
  const send: FactorServices['send'] = ({ channel, to, locale, account, ...data }) =>
    sendMail('code', channel === 'sms' ? { textTo: to, locale, account } : { email: to, locale, account }, data)
  const factors = factorsOf({ hasher, likeness, sealer, send, countries: sms.countries, name, issuer })

  const addresses = addressesOf({ store, sealer, accounts, now })
  const announcements = announcementsOf({ store, credentials, emit, onFault, now })
  const commit = committing({ accounts, credentials, announcements, addresses, hold, onFault, now })
  const flows = flowsOf({ store, quota, now })
  const challenges = challengesOf({ store, sealer, now })
  const ask = asking({ challenges, addresses, throttle, postage, failures, sendMail, emit })
  const signUp = signUpOf({ accounts, credentials, announcements, addresses, sealer, sendMail, now })
  const guessed = factors.map(({ id }) => id)
  const risk = riskOf({ accounts, book, devices, admissions, throttle, failures, places, guessed, now })
  const protection = protectionOf({ factors, accounts, credentials, commit, now })
  const proof = proofs({ challenges, credentials, devices, admissions, throttle, failures, emit })
  const recover = recoveringOf({ factors, accounts, addresses, devices, credentials, complete, cutOff, commit })
  const prove = proving({ accounts, credentials, proof, emit, hold, now })
  const enrols = { factors, challenges, addresses, protection, signUp, recover }
  const enrol = enrolling({ ...enrols, throttle, failures, now })

  const whence = (locale: string, { address, agent }: Pick<Visitor, 'address' | 'agent'>) =>
    words.whence(locale, { address, agent: agentOf(agent) })
  const recovering = { accounts, addresses, links, sendMail, emit, now }
  const resetting = resettingOf({ ...recovering, throttle, postage, whence })
  const disowning = disowningOf({ ...recovering, factors, credentials, devices, commit })
  const belongings = belongingsOf(store, sealer, belongingsList)
  const steady = steadyClock({ store, emit, now })
  const closing = closingOf({ ...recovering, endAll, erase: belongings.erase, steady, patience })
  const askOwner: AskOwner = async (owner, link, onHold) => {
    const { locale } = owner
    const seen = {
      when: words.moment(locale, onHold.at, zoneOf(owner)),
      ...whence(locale, { agent: undefined, ...onHold }),
    }
    await sendMail('confirm', owner, { ...link, ...seen })
  }
  const mailbox = mailboxOf({ ...recovering, sealer, admissions, flows, throttle, postage, askOwner })
  const asks = { factors, flows, challenges, ask, prove, enrol, mailbox }
  const resume = engine({ ...asks, accounts, credentials, devices, risk, throttle, failures, emit, hold, now })

  const receipts = receiptsOf<Approved>({ store, sealer, now })
  const approvable = { factors, accounts, credentials, challenges, receipts, proof }
  const approving = approvingOf({ ...approvable, issuer, hold, emit, now })

  const limitedUntil = (added: Credential) => {
    const factor = factors.find(({ id }) => id === added.factor)
    return factor && limited(added, factor, { hold, now: now() })
  }

  /** What a credential says of how to reach its owner. */
  const reach = ({ factor, secret }: Pick<Credential, 'factor' | 'secret'>) =>
    factors.find(({ id }) => id === factor)?.verifiedContact?.(secret) ?? {}

  return {
    reach,
    hold,
    limitedUntil,
    addresses,
    announcements,
    approving,
    receipts,
    credentials,
    devices,
    links,
    throttle,
    postage,
    quota,
    factors,
    flows,
    risk,
    commit,
    resetting,
    disowning,
    belongings,
    closing,
    mailbox,
    resume,
  }
}
