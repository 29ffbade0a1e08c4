import { type Account, type Accounts, active } from '../accounts/account.ts'
import { type Addresses, addedLately, type Former } from '../accounts/address.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Roles } from '../accounts/role.ts'
import type { SessionBook } from '../accounts/session.ts'
import type { SendMail } from '../delivery/mails.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { maskedEmail, maskedPhone } from '../factors/contacts.ts'
import { Conflict } from '../store/collection.ts'
import { type Case, type CasePage, type Cases, type Decision, standing } from './cases.ts'
import type { Document, Documents } from './identity-documents.ts'

/** How many of the staff must say yes. */
export const needed = 2
/** The longest reason, in characters. */
const longest = 500

/** What the staff may know of an account: nothing that opens it. Times in milliseconds since the epoch. */
interface Known {
  since: number
  /** When it was last signed in to, as far back as that is remembered. */
  seenAt: number | undefined
  /** The kinds of what it holds, each once. */
  factors: string[]
  /** Its owner made rules about who may sign in, which a yes takes away. */
  ruled: boolean
  /** What it is reached by, and was in the past year: what it has now first, then the newest. */
  addresses: KnownAddress[]
}

/** One address or number of an account, masked. */
export interface KnownAddress {
  kind: 'email' | 'phone'
  masked: string
  since: number
  /** Absent for one that it has now. */
  until?: number
  /** It is the one that the case names. */
  named: boolean
  /** It came to the account so lately that it may be a thief's. */
  recent: boolean
}

/** A case as the staff see it. */
interface Seen {
  found: Case
  story: string
  known: Known | undefined
  /** Other cases of the same account that are not over: at most one of them is its owner's. */
  rivals: Case[]
  /** Who decided, by their addresses. */
  decided: (Decision & { by: string })[]
  /** Why whoever looks may not decide; undefined where they may. */
  bars: 'own_case' | 'already_decided' | undefined
}

interface Services {
  accounts: Accounts
  credentials: Credentials
  addresses: Pick<Addresses, 'of'>
  /** What a credential says of how to reach its owner. */
  reach: (credential: Credential) => { email?: string | undefined; phone?: string | undefined }
  book: Pick<SessionBook, 'of'>
  roles: Pick<Roles, 'has'>
  cases: Cases
  documents: Documents
  sendMail: SendMail
  emit: Emit
  wake: () => void
  now: () => number
}

/** What the staff do about identity checks. None of it signs anybody in, and none of it shows or sets a secret. */
export type Deciding = ReturnType<typeof deciding>

/** Makes what the staff do. Where they did it from is on the record with their own sessions: a case's record is its owner's to read. */
export function deciding(services: Services) {
  const { accounts, addresses, credentials, reach, book, roles, cases, documents, sendMail, emit, wake, now } = services

  const sent = async (number: string): Promise<Case> => {
    const found = await cases.get(number)
    if (!found || found.state === 'draft') throw new Problem('not_found')
    return found
  }
  /** Nobody judges their own case, by whichever address it names them. */
  const own = ({ account, email, contact }: Case, staff: Account): boolean =>
    account === staff.id || [email, contact].includes(staff.email)

  const addressesOf = async (account: Account, held: readonly Credential[], named: string): Promise<KnownAddress[]> => {
    const at = now()
    const has = held.flatMap(each => {
      const recent = addedLately(each, account, at)
      return Object.entries(reach(each)).flatMap(([kind, address]) =>
        address === undefined ? [] : [{ kind: kind as KnownAddress['kind'], address, since: each.createdAt, recent }],
      )
    })
    const had = await addresses.of(account.id)
    const began = ({ kind, until }: Former) =>
      had.find(each => each.kind === kind && each.until < until)?.until ?? account.createdAt
    const gone = had.filter(each => !has.some(({ address }) => address === each.address))
    const all = [...has, ...gone.map(each => ({ ...each, since: began(each), recent: false }))]
    return all.map(({ address, ...each }) => ({
      ...each,
      masked: each.kind === 'email' ? maskedEmail(address) : maskedPhone(address),
      named: address === named,
    }))
  }

  const knownOf = async ({ account: id, email }: Case): Promise<Known | undefined> => {
    const account = id === undefined ? undefined : await accounts.get(id)
    if (!active(account)) return undefined
    const [held, sessions] = await Promise.all([credentials.of(account.id), book.of(account.id)])
    const seen = sessions.map(({ seenAt }) => seenAt)
    return {
      since: account.createdAt,
      seenAt: seen.length > 0 ? Math.max(...seen) : undefined,
      factors: [...new Set(held.map(({ factor }) => factor))],
      ruled: account.restrictions !== undefined,
      addresses: await addressesOf(account, held, email),
    }
  }

  const refuse = async (number: string, staff: Account, decision: Decision): Promise<void> => {
    const ended = await cases.end(number, 'refused', ['waiting', 'agreed', 'granted'], found => {
      if (own(found, staff)) throw new Problem('own_case')
      return { decisions: [...found.decisions, decision] }
    })
    const { account, contact: email, locale } = ended
    await emit('identity.refused', { account, case: number, staff: staff.id })
    await sendMail('check-ended', { email, locale }, { number })
  }

  const approve = async (number: string, staff: Account, decision: Decision): Promise<void> => {
    const changed = await cases.change(number, async found => {
      if (found.state !== 'waiting' || found.account === undefined) throw new Problem('conflict')
      if (own(found, staff)) throw new Problem('own_case')
      if (standing(found).some(each => each.staff === staff.id)) throw new Problem('already_decided')
      const decisions = [...found.decisions, decision]
      // Who is of the staff no more has said nothing.
      const said = standing({ ...found, decisions }).map(each => roles.has(each.staff, 'support'))
      const agreed = (await Promise.all(said)).filter(each => each).length >= needed
      return { decisions, ...(agreed && { state: 'agreed', granted: found.account }) }
    })
    await emit('identity.approved', { account: changed.account ?? '', case: number, staff: staff.id })
    wake()
  }

  return {
    /** What waits for them, and what waits for its delay: oldest first, a page of each. Throws `not_found` for a page behind a case that is gone. */
    queue: async (
      after: { waiting?: string | undefined; granted?: string | undefined } = {},
    ): Promise<{ waiting: CasePage; granted: CasePage }> => {
      const [waiting, granted] = await Promise.all([
        cases.page(['waiting'], after.waiting),
        cases.page(['agreed', 'granted'], after.granted),
      ])
      return { waiting, granted }
    },
    /** Throws `not_found` for a case that was not sent yet, or never was. */
    look: async (number: string, staff: Account): Promise<Seen> => {
      const found = await sent(number)
      const others = found.account === undefined ? [] : await cases.of(found.account)
      const decided = found.decisions.map(async each => ({
        ...each,
        by: (await accounts.get(each.staff))?.email ?? '',
      }))
      const twice = standing(found).some(each => each.staff === staff.id)
      return {
        found,
        story: cases.story(found),
        known: await knownOf(found),
        rivals: others.filter(each => each.id !== number && each.state !== 'draft' && each.endedAt === undefined),
        decided: await Promise.all(decided),
        bars: own(found, staff) ? 'own_case' : twice ? 'already_decided' : undefined,
      }
    },
    /** A document of a case that lives: that it was opened is on the record. Throws `not_found`. */
    document: async (
      number: string,
      id: string,
      staff: Account,
    ): Promise<{ document: Document; content: AsyncGenerator<Uint8Array> }> => {
      const found = await sent(number)
      const document = found.documents.find(each => each.id === id)
      if (!document || own(found, staff)) throw new Problem('not_found')
      await emit('identity.seen', { account: found.account, case: number, staff: staff.id })
      return { document, content: documents.read(document) }
    },
    /** One yes of two, or the no that ends it. Throws `reason_needed`, `own_case`, `already_decided`, `not_found`, or `conflict` when it is over or another case of the account was agreed to. */
    decide: async (number: string, staff: Account, verdict: Decision['verdict'], typed: string): Promise<void> => {
      const reason = typed.trim().slice(0, longest)
      if (reason === '') throw new Problem('reason_needed', { field: 'reason' })
      if (!(await roles.has(staff.id, 'support'))) throw new Problem('not_found')
      await sent(number)
      const decision = { staff: staff.id, verdict, reason, at: now() }
      try {
        await (verdict === 'approve' ? approve : refuse)(number, staff, decision)
      } catch (fault) {
        throw fault instanceof Conflict ? new Problem('conflict') : fault
      }
    },
  }
}
