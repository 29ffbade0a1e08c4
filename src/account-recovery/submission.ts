import { type Account, type Accounts, active } from '../accounts/account.ts'
import { type Addresses, addedLately } from '../accounts/address.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import { agentOf } from '../accounts/device.ts'
import type { Link, Links } from '../accounts/link.ts'
import { mailbox } from '../accounts/postage.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { SendMail } from '../delivery/mails.ts'
import { Problem } from '../errors.ts'
import type { Emit, Origin, Visitor } from '../events.ts'
import { emailAddress, maskedEmail } from '../factors/contacts.ts'
import { legible } from '../factors/typed.ts'
import { type Case, type Cases, type Dispute, lives } from './cases.ts'
import { type Document, type Documents, type Incoming, most } from './identity-documents.ts'

const minute = 60_000
const hour = 60 * minute
/** How many cases may be begun about one address, from one mailbox and by one visitor; and how often documents are accepted. */
const about = { tries: 10, window: 24 * hour }
const toOne = { tries: 5, window: 24 * hour }
const fromOne = { tries: 10, window: hour }
const sendings = { tries: 10, window: hour }
/** How many hand-ins are accepted in all, so that nobody fills the disk: at 30 MB each, some gigabytes a day. */
const altogether = { tries: 300, window: 24 * hour }
const again = { tries: 3, window: hour }
/** How long the link to setting up the account again works, in milliseconds. */
const recoverLife = 3 * 24 * hour
/** The longest story, in characters. */
const longest = 2_000

interface Services {
  accounts: Accounts
  addresses: Pick<Addresses, 'last'>
  credentials: Pick<Credentials, 'of' | 'out'>
  /** How a credential says that its owner can be reached. */
  reach: (credential: Credential) => { email?: string | undefined }
  links: Links
  throttle: Throttle
  cases: Cases
  documents: Documents
  sendMail: SendMail
  emit: Emit
  /** Makes the schedule look at once. */
  wake: () => void
  now: () => number
}

/** Takes an upload: gives every file to `keep` as it comes, and resolves to the fields. */
export type Receive = (keep: (file: Incoming) => Promise<void>) => Promise<{ story: string }>

interface Contested {
  found: Case
  dispute: Omit<Dispute, 'at' | 'after'> | undefined
}

export type Submissions = ReturnType<typeof submissions>

/**
 * Lets people who have lost everything ask for an identity check, hand in documents and use the outcome, and lets the owner stop it. All of it
 * looks the same whether the address has an account or not.
 */
export function submissions(services: Services) {
  const { accounts, addresses, credentials, reach, links, throttle, cases, documents, sendMail, emit, wake, now } =
    services

  const look = async (bearer: string): Promise<Case> => {
    const link = await links.look(bearer, 'case')
    const found = link?.case === undefined ? undefined : await cases.get(link.case)
    if (!found) throw new Problem('link_expired')
    return found
  }

  const due = async (id: string | undefined) => {
    const found = id === undefined ? undefined : await cases.get(id)
    const ready = found?.state === 'granted' && found.until !== undefined && found.until <= now()
    const account = ready ? await accounts.get(found.account ?? '') : undefined
    return ready && active(account) ? { account, found } : undefined
  }

  /** Returns the dispute that this address opens; undefined for one that the account has had for long, which can end a case. */
  const disputed = async (link: Link, found: Case): Promise<Contested['dispute']> => {
    const { account: id = '', address = '' } = link
    const [account, inForce, out] = await Promise.all([accounts.get(id), credentials.of(id), credentials.out(id)])
    const own = [...inForce, ...out].find(each => each.id === address)
    const createdAt = own?.createdAt ?? link.since ?? found.createdAt
    // An address that was given up grows no older: somebody who had it for a while cannot end a case by waiting.
    const at = own && own.retiredAt === undefined ? now() : found.createdAt
    if (!account || !addedLately({ createdAt }, account, at)) return undefined
    return { address, masked: maskedEmail((own && reach(own).email) ?? ''), since: createdAt }
  }

  const contested = async (bearer: string): Promise<Contested> => {
    const link = await links.look(bearer, 'cancel')
    const found = link?.case === undefined ? undefined : await cases.get(link.case)
    if (!link?.account || !found || found.endedAt !== undefined) throw new Problem('link_expired')
    return { found, dispute: await disputed(link, found) }
  }

  const invite = async ({ id, contact, locale }: Case): Promise<void> => {
    const bearer = await links.make({ purpose: 'case', case: id }, lives.open)
    await sendMail('check-begun', { email: contact, locale }, { bearer, hours: lives.draft / hour })
  }

  const mailReady = async ({ id, account, contact, locale }: Case): Promise<void> => {
    const bearer = await links.make({ purpose: 'recover', case: id, account }, recoverLife)
    await sendMail('check-ready', { email: contact, locale }, { bearer, number: id, days: recoverLife / 24 / hour })
  }

  return {
    /** Mails the link for handing in documents to the contact address: opening it proves that mailbox. Throws `invalid_email`, `slow_down`. */
    ask: async (typed: { email: string; contact: string }, locale: string, visitor: Visitor): Promise<void> => {
      const email = emailAddress(typed.email)
      if (email === undefined) throw new Problem('invalid_email', { field: 'email' })
      const contact = legible(typed.contact) === '' ? email : emailAddress(typed.contact)
      if (contact === undefined) throw new Problem('invalid_email', { field: 'contact' })
      await throttle.ration('identity.from', visitor.address, fromOne)
      await throttle.ration('identity.to', mailbox(contact), toOne)
      // A request from that very mailbox counts against the mailbox alone, so that strangers' requests never keep its owner from a working link.
      if (mailbox(contact) !== mailbox(email)) await throttle.ration('identity', email, about)
      // People who lost the address, too, name the one that they had.
      const [owner, last] = await Promise.all([accounts.byEmail(email), addresses.last(email)])
      const former = last === undefined ? undefined : await accounts.get(last)
      const account = [owner ?? former].find(active)?.id
      const found = await cases.begin({ account, email, contact, locale })
      await emit('identity.asked', { account, case: found.id }, visitor)
      await invite(found)
    },
    /**
     * Begins the same for a person, as staff do for somebody who called: mails the link to their address, or to `contact`. Who started
     * it decides nothing. Throws `invalid_email`, `conflict` and `slow_down`.
     */
    start: async (
      { id: account, email, locale }: Account,
      typed: string,
      by: { staff?: string | undefined; client?: string | undefined; reason?: string | undefined },
      origin: Origin,
    ): Promise<string> => {
      const contact = legible(typed) === '' ? email : emailAddress(typed)
      if (contact === undefined) throw new Problem('invalid_email', { field: 'contact' })
      await throttle.ration('identity.staff', by.staff ?? `client ${by.client}`, fromOne)
      await throttle.ration('identity.to', mailbox(contact), toOne)
      const found = await cases.begin({ account, email, contact, locale, startedBy: by.staff })
      // One that the person asked for is under way already, or a colleague's.
      if (found.state !== 'draft' || found.startedBy !== by.staff) throw new Problem('conflict')
      await emit('identity.asked', { account, case: found.id, ...by }, origin)
      await invite(found)
      return found.id
    },
    /** Returns the case that a mailed link belongs to. Throws `link_expired`. */
    look,
    /** Accepts the story and the documents. Throws `invalid_story`, `documents_needed`, `too_many_documents`, what `Documents.keep` throws, `conflict` and `slow_down`. */
    send: async (bearer: string, visitor: Visitor, receive: Receive): Promise<void> => {
      const found = await look(bearer)
      const { id, state, locale, contact } = found
      if (state !== 'draft') throw new Problem('conflict')
      await throttle.ration('identity.send', id, sendings)
      await throttle.ration('identity.send.from', visitor.address, sendings)
      const back = await throttle.ration('identity.send', 'all', altogether)
      const kept: Document[] = []
      try {
        const { story } = await receive(async file => {
          if (kept.length >= most.documents) throw new Problem('too_many_documents', { field: 'documents' })
          kept.push(await documents.keep(found, file, now() + lives.open))
        })
        const told = story.trim()
        if (told === '' || told.length > longest) throw new Problem('invalid_story', { field: 'story' })
        if (kept.length === 0) throw new Problem('documents_needed', { field: 'documents' })
        await cases.send(id, told, kept, { address: visitor.address, agent: agentOf(visitor.agent) })
      } catch (fault) {
        await documents.drop(kept)
        // What was refused takes no disk, so it does not count.
        await back()
        throw fault
      }
      await sendMail('check-sent', { email: contact, locale }, { bearer, number: id })
      wake()
    },
    /** Mails the link to setting up the account again once more. Throws `conflict` before it is time, `slow_down`. */
    remind: async (bearer: string): Promise<void> => {
      const { id } = await look(bearer)
      const ready = await due(id)
      if (!ready) throw new Problem('conflict')
      await throttle.ration('identity.remind', id, again)
      await mailReady(ready.found)
    },
    /**
     * Returns the case that a link would stop, and the dispute that it would open instead where its address is new to the account. Throws
     * `link_expired` where there is nothing left to stop.
     */
    contested,
    /**
     * Ends a case for good. From an address that is new to the account, and may be a thief's, opens a dispute instead, which the staff
     * decide. Throws `link_expired`.
     */
    cancel: async (
      bearer: string,
      visitor: Visitor,
    ): Promise<{ account: string; address: string; disputed: boolean }> =>
      links.use(bearer, 'cancel', async ({ account, address }) => {
        if (account === undefined || address === undefined) throw new Problem('link_expired')
        const { found, dispute } = await contested(bearer)
        const { id } = found
        if (dispute) {
          await cases.dispute(id, dispute).catch(over('link_expired'))
          await emit('identity.disputed', { account, case: id }, visitor)
          return { account, address, disputed: true }
        }
        const { contact, locale } = await cases.end(id, 'cancelled').catch(over('link_expired'))
        await emit('identity.cancelled', { account, case: id }, visitor)
        await sendMail('check-ended', { email: contact, locale }, { number: id })
        return { account, address, disputed: false }
      }),
    /** Tells whether the account can be set up again by this link now. */
    ready: async (bearer: string): Promise<boolean> => {
      const link = await links.look(bearer, 'recover')
      return (await due(link?.case)) !== undefined
    },
    /** Uses the link up; resolves to the account and the case. Throws `link_expired`. */
    open: async (bearer: string): Promise<{ account: Account; found: Case }> => {
      const link = (await links.look(bearer, 'recover')) && (await links.take(bearer, 'recover'))
      const ready = await due(link?.case)
      if (!ready) throw new Problem('link_expired')
      return ready
    },
    /** Ends a case because its outcome was used: of two uses at once, or a use and a cancellation, one succeeds. Throws `attempt_expired`. */
    complete: async (id: string): Promise<void> => {
      if (!(await due(id))) throw new Problem('attempt_expired')
      const { account = '' } = await cases.end(id, 'done', ['granted']).catch(over('attempt_expired'))
      // Other cases about the account have no purpose any more.
      for (const other of await cases.of(account)) {
        if (other.endedAt === undefined) await cases.end(other.id, 'cancelled').catch(over('conflict')).catch(nothing)
      }
    },
    /** Mails the link to setting up the account again. */
    mailReady,
  }
}

/** Turns a case that is over into the Problem that people see here. */
function over(code: 'link_expired' | 'attempt_expired' | 'conflict'): (fault: unknown) => never {
  return fault => {
    throw fault instanceof Problem && (fault.code === 'conflict' || fault.code === 'not_found')
      ? new Problem(code)
      : fault
  }
}

function nothing(fault: unknown): void {
  if (!(fault instanceof Problem)) throw fault
}
