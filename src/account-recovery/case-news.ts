import { z } from 'zod'
import type { Account, Accounts } from '../accounts/account.ts'
import type { Roles } from '../accounts/role.ts'
import { zoneOf } from '../accounts/time-zone.ts'
import type { SendMail } from '../delivery/mails.ts'
import { claim, declare, type Store } from '../store/collection.ts'
import { type Case, type Cases, lives, standing } from './cases.ts'
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
  /** The mark of each case that the last email counted. */
  told: z.array(z.string()),
  /** When that was. */
  at: z.number(),
  /** Rises with each change: what compare-and-set compares. */
  rev: z.number(),
  /** Until when a process writes to them. */
  lease: z.number().optional(),
  expiresAt: z.number(),
})

/** What each member of staff was last told of cases that wait. */
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

/** What is new about a case to those who decide it: that it came, that one of them approved it, or that it came back after an objection. */
const markOf = (found: Case): string => `${found.id}.${found.decisions.length}.${standing(found).length}`

/**
 * Emails staff about cases that they can bring forward: new ones, and those that wait for a second approval. The email counts cases and names
 * none, because mailboxes are no place for what customers hand in.
 */
export function caseNews({ store, accounts, roles, cases, sendMail, words, onFault, now }: Services) {
  const kept = store.collection(caseNewsDeclaration)
  const { everybody, helps } = deciders({ accounts, roles })

  const waiting = async (): Promise<Case[]> => {
    const found: Case[] = []
    for await (const each of cases.in('waiting')) found.push(each)
    return found
  }
  /** Returns the cases that somebody can bring forward. */
  const casesFor = async (staff: Account, all: readonly Case[]): Promise<Case[]> => {
    const mine = await Promise.all(all.map(each => helps(each, staff)))
    return all.filter((_, at) => mine[at])
  }
  const compose = (found: readonly Case[], { locale, ...staff }: Account) => {
    const oldest = Math.min(...found.map(({ createdAt }) => createdAt))
    return {
      cases: found.length,
      second: found.filter(each => standing(each).length > 0).length,
      since: words.moment(locale, oldest, zoneOf(staff)),
      days: Math.max(0, Math.floor((now() - oldest) / (24 * hour))),
    }
  }

  const tell = async (staff: Account, found: readonly Case[]): Promise<void> => {
    const { id, email, locale } = staff
    const last = await kept.get(id)
    const isNew = (each: Case) => !last?.told.includes(markOf(each))
    if (last && (now() < (last.lease ?? 0) || now() < last.at + pause)) return
    if (!(await casesFor(staff, found)).some(isNew)) return
    // Of several processes one writes. Where it fails, another takes its place once the lease is over.
    const taken = { lease: now() + lease, rev: (last?.rev ?? 0) + 1, expiresAt: now() + lives.ended }
    const ours = last
      ? await kept.patch(id, taken, { rev: last.rev })
      : await claim(kept, { id, account: id, told: [], at: 0, ...taken })
    if (!ours) return
    // Read again: what was decided in the meantime is not counted.
    const still = await casesFor(staff, await waiting())
    const news = still.some(isNew)
    if (news) await sendMail('cases', { email, locale, account: id }, compose(still, staff))
    const done = news ? { told: still.map(markOf), at: now() } : {}
    await kept.patch(id, { ...done, lease: undefined, rev: taken.rev + 1 }, { rev: taken.rev })
  }

  return {
    /** Emails everybody for whom a case is new, at most once an hour. To be called every minute. */
    tell: async (): Promise<void> => {
      const found = await waiting()
      if (found.length === 0) return
      // One failure does not hold up the others.
      for (const staff of await everybody()) await tell(staff, found).catch(onFault)
    },
  }
}
