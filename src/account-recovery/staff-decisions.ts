import { type Account, type Accounts, active } from '../accounts/account.ts'
import { type Addresses, addedLately, type Former } from '../accounts/address.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Roles } from '../accounts/role.ts'
import type { SessionBook, SessionRecord } from '../accounts/session.ts'
import type { SendMail } from '../delivery/mails.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { maskedEmail, maskedPhone } from '../factors/contacts.ts'
import { Conflict } from '../store/collection.ts'
import { checks as allChecks, type Case, type Cases, type Decision } from './cases.ts'
import { barOf, deciders, own } from './deciders.ts'
import { type Documents, isPicture, type Picture } from './identity-documents.ts'

/** How many of the staff must approve. */
export const needed = 2
/** The longest reason, in characters. */
const longest = 500

/** What the staff may see of an account: nothing that opens it. Times in milliseconds since the epoch. */
interface Known {
  since: number
  /** When it was last signed in to, as far back as that is remembered. */
  seenAt: number | undefined
  /** The browsers and countries of its newest sessions. */
  sessions: Pick<SessionRecord, 'agent' | 'country'>[]
  /** The factors of its credentials, each once. */
  factors: string[]
  /** Its owner restricted who may sign in; an approval removes that. */
  ruled: boolean
  /** Its addresses and numbers of the past year: the present ones first, then the newest. */
  addresses: KnownAddress[]
}

/** One address or number of an account, masked. */
export interface KnownAddress {
  kind: 'email' | 'phone'
  masked: string
  since: number
  /** Absent for a present one. */
  until?: number
  /** It is the one that the case names. */
  named: boolean
  /** It came to the account so lately that it may be a thief's. */
  recent: boolean
}

/** What one of the staff decides. */
type Decided = Pick<Decision, 'verdict' | 'reason'> & { checks: readonly (typeof allChecks)[number][] }

/** A case as the staff see it. */
interface Seen {
  found: Case
  story: string
  known: Known | undefined
  /** Other open cases of the same account: at most one of them is its owner's. */
  rivals: Case[]
  /** Who decided, by their addresses. */
  decided: (Decision & { by: string })[]
  /** Why this member of the staff may not approve; undefined where they may. */
  bars: ReturnType<typeof barOf>
}

interface Services {
  accounts: Accounts
  credentials: Credentials
  addresses: Pick<Addresses, 'of'>
  /** How a credential says that its owner can be reached. */
  reach: (credential: Credential) => { email?: string | undefined; phone?: string | undefined }
  book: Pick<SessionBook, 'of'>
  roles: Pick<Roles, 'wordOf' | 'of'>
  cases: Cases
  documents: Documents
  sendMail: SendMail
  emit: Emit
  wake: () => void
  now: () => number
}

export type StaffDecisions = ReturnType<typeof staffDecisions>

/**
 * Lets staff look at recovery cases and decide them. Nothing here signs anybody in, or shows or sets a secret. Where staff decided from is
 * recorded with their own sessions, because the owner of the account can read a case's events.
 */
export function staffDecisions(services: Services) {
  const { accounts, addresses, credentials, reach, book, roles, cases, documents, sendMail, emit, wake, now } = services

  const { wordOf, approvals } = deciders({ accounts, roles })

  const sent = async (number: string): Promise<Case> => {
    const found = await cases.get(number)
    if (!found || found.state === 'draft') throw new Problem('not_found')
    return found
  }

  const addressesOf = async (
    account: Account,
    inForce: readonly Credential[],
    named: string,
  ): Promise<KnownAddress[]> => {
    const at = now()
    const has = inForce.flatMap(each => {
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
    const [inForce, sessions] = await Promise.all([credentials.of(account.id), book.of(account.id)])
    const seen = sessions.map(({ seenAt }) => seenAt)
    return {
      since: account.createdAt,
      seenAt: seen.length > 0 ? Math.max(...seen) : undefined,
      sessions: sessions.map(({ agent, country }) => ({ agent, country })),
      factors: [...new Set(inForce.map(({ factor }) => factor))],
      ruled: account.restrictions !== undefined,
      addresses: await addressesOf(account, inForce, email),
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
      const bar = barOf(found, staff)
      if (bar) throw new Problem(bar)
      const decisions = [...found.decisions, decision]
      const agreed = (await approvals({ ...found, decisions })) >= needed
      return { decisions, ...(agreed && { state: 'agreed', granted: found.account }) }
    })
    await emit('identity.approved', { account: changed.account ?? '', case: number, staff: staff.id })
    wake()
  }

  return {
    /**
     * Lists the cases that wait for the staff and those that wait for their delay, oldest first, and those that are closed, newest first: a
     * page of each. Throws `not_found` for a page behind a case that is gone.
     */
    queue: async (after: { [list in 'waiting' | 'granted' | 'closed']?: string | undefined } = {}) => {
      const [waiting, granted, closed] = await Promise.all([
        cases.page(['waiting'], after.waiting),
        cases.page(['agreed', 'granted'], after.granted),
        cases.page(['done', 'refused', 'cancelled'], after.closed, true),
      ])
      return { waiting, granted, closed }
    },
    /** Shows a case to one of the staff. Throws `not_found` for one that does not exist or was not handed in yet. */
    look: async (number: string, staff: Account): Promise<Seen> => {
      const found = await sent(number)
      const others = found.account === undefined ? [] : await cases.of(found.account)
      const decided = found.decisions.map(async each => ({
        ...each,
        by: (await accounts.get(each.staff))?.email ?? '',
      }))
      return {
        found,
        story: cases.story(found),
        known: await knownOf(found),
        rivals: others.filter(each => each.id !== number && each.state !== 'draft' && each.endedAt === undefined),
        decided: await Promise.all(decided),
        bars: barOf(found, staff),
      }
    },
    /** Opens a document of an open case, and records that. Throws `not_found`, for one that cannot be shown too. */
    document: async (
      number: string,
      id: string,
      staff: Account,
    ): Promise<{ document: Picture; content: AsyncGenerator<Uint8Array> }> => {
      const found = await sent(number)
      const document = found.documents.find(each => each.id === id)
      if (!document || !isPicture(document) || own(found, staff)) throw new Problem('not_found')
      await emit('identity.seen', { account: found.account, case: number, staff: staff.id })
      return { document, content: documents.read(document) }
    },
    /**
     * Records an approval (two are needed, each with everything checked), or a refusal, which ends the case. Throws `reason_needed`,
     * `checks_needed`, `own_case`, `own_start`, `already_decided`, `not_found`, or `conflict` when it is over or another case of the account was agreed to.
     */
    decide: async (number: string, staff: Account, { verdict, checks, ...typed }: Decided): Promise<void> => {
      const reason = typed.reason.trim().slice(0, longest)
      if (reason === '') throw new Problem('reason_needed', { field: 'reason' })
      if (verdict === 'approve' && !allChecks.every(each => checks.includes(each)))
        throw new Problem('checks_needed', { field: 'checks' })
      if ((await wordOf(staff.id)) === undefined) throw new Problem('not_found')
      await sent(number)
      const decision = { staff: staff.id, verdict, reason, checks: [...checks], at: now() }
      try {
        await (verdict === 'approve' ? approve : refuse)(number, staff, decision)
      } catch (fault) {
        throw fault instanceof Conflict ? new Problem('conflict') : fault
      }
    },
  }
}
