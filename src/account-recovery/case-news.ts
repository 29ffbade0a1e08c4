import { z } from 'zod'
import type { Account, Accounts } from '../accounts/account.ts'
import type { Roles } from '../accounts/role.ts'
import { zoneOf } from '../accounts/time-zone.ts'
import type { SendMail } from '../delivery/mails.ts'
import { claim, declare, type Store } from '../store/collection.ts'
import { type Cases, lives, standing } from './cases.ts'
import { deciders } from './deciders.ts'

const hour = 3_600_000
/** Least time between two emails to the same member of staff, in milliseconds. */
const pause = hour
/** How long a process may take to write one email before another takes its place, in milliseconds. */
const lease = 60_000

const shape = z.object({
  /** The account of the member of staff. */
  id: z.string(),
  account: z.string(),
  /** The mark of each case and proposal that the last email counted. */
  told: z.array(z.string()),
  /** When that was. */
  at: z.number(),
  /** Rises with each change: what compare-and-set compares. */
  rev: z.number(),
  /** Until when a process writes to them. */
  lease: z.number().optional(),
  expiresAt: z.number(),
})

/** What each member of staff was last told of what waits for them. */
export const caseNewsDeclaration = declare({ name: 'case_news', shape, indexes: ['account'] })

interface Services {
  store: Store
  accounts: Pick<Accounts, 'get'>
  roles: Pick<Roles, 'wordOf' | 'of'>
  cases: Pick<Cases, 'in'>
  sendMail: SendMail
  words: { moment(locale: string, at: number, zone?: string): string }
  onFault: (fault: unknown) => void
  now: () => number
}

export type CaseNews = ReturnType<typeof caseNews>

/** What waits for the word of one more of the staff. */
export interface Waiting {
  /** What is new about it: of a case that it came, that one of the staff approved it, or that it came back after an objection. */
  mark: string
  /** Since when, in milliseconds since the epoch. */
  at: number
  /** Tells whether the word of this one of the staff would bring it forward. */
  helps(staff: Account): Promise<boolean>
}
type Proposed = () => Promise<readonly Waiting[]>
type Counted = Waiting & { kind: 'case' | 'second' | 'proposal' }

/**
 * Emails staff about what they can bring forward: cases that are new or wait for a second approval, and proposals of colleagues. The email
 * counts them and names none, because mailboxes are no place for what is known of customers.
 */
export function caseNews({ store, accounts, roles, cases, sendMail, words, onFault, now }: Services) {
  const kept = store.collection(caseNewsDeclaration)
  const { everybody, helps } = deciders({ accounts, roles })

  /** Lists all that waits: cases, and the proposals, which are kept elsewhere. */
  const waiting = async (proposed: Proposed): Promise<Counted[]> => {
    const found: Counted[] = (await proposed()).map(each => ({ ...each, kind: 'proposal' }))
    for await (const each of cases.in('waiting')) {
      const stands = standing(each).length
      const mark = `${each.id}.${each.decisions.length}.${stands}`
      const kind = stands > 0 ? 'second' : 'case'
      found.push({ mark, kind, at: each.createdAt, helps: staff => helps(each, staff) })
    }
    return found
  }
  /** Returns what somebody can bring forward. */
  const forOne = async (staff: Account, all: readonly Counted[]): Promise<Counted[]> => {
    const mine = await Promise.all(all.map(each => each.helps(staff)))
    return all.filter((_, at) => mine[at])
  }
  const compose = (found: readonly Counted[], { locale, ...staff }: Account) => {
    const oldest = Math.min(...found.map(({ at }) => at))
    const proposals = found.filter(({ kind }) => kind === 'proposal').length
    return {
      waiting: found.length,
      cases: found.length - proposals,
      second: found.filter(({ kind }) => kind === 'second').length,
      proposals,
      since: words.moment(locale, oldest, zoneOf(staff)),
      days: Math.max(0, Math.floor((now() - oldest) / (24 * hour))),
    }
  }

  const tell = async (staff: Account, found: readonly Counted[], proposed: Proposed): Promise<void> => {
    const { id, email, locale } = staff
    const last = await kept.get(id)
    const isNew = ({ mark }: Counted) => !last?.told.includes(mark)
    if (last && (now() < (last.lease ?? 0) || now() < last.at + pause)) return
    if ((await forOne(staff, found.filter(isNew))).length === 0) return
    // Of several processes one writes. Where it fails, another takes its place once the lease is over.
    const taken = { lease: now() + lease, rev: (last?.rev ?? 0) + 1, expiresAt: now() + lives.ended }
    const ours = last
      ? await kept.patch(id, taken, { rev: last.rev })
      : await claim(kept, { id, account: id, told: [], at: 0, ...taken })
    if (!ours) return
    // Read again: what was decided in the meantime is not counted.
    const still = await forOne(staff, await waiting(proposed))
    const news = still.some(isNew)
    if (news) await sendMail('cases', { email, locale, account: id }, compose(still, staff))
    const done = news ? { told: still.map(({ mark }) => mark), at: now() } : {}
    await kept.patch(id, { ...done, lease: undefined, rev: taken.rev + 1 }, { rev: taken.rev })
  }

  return {
    /** Emails everybody for whom a case, or one of what is `proposed`, is new, at most once an hour. To be called every minute. */
    tell: async (proposed: Proposed): Promise<void> => {
      const found = await waiting(proposed)
      if (found.length === 0) return
      // One failure does not hold up the others.
      for (const staff of await everybody()) await tell(staff, found, proposed).catch(onFault)
    },
  }
}
