import { isIP } from 'node:net'
import { z } from 'zod'
import type { Cases } from '../account-recovery/cases.ts'
import type { Account, Accounts } from '../accounts/account.ts'
import type { Addresses } from '../accounts/address.ts'
import type { SessionBook } from '../accounts/session.ts'
import type { Keys } from '../api-keys/api-keys.ts'
import { type Page, pageOf, type Where } from '../store/collection.ts'
import { operation } from './operation.ts'

/** People on one page, unless told, and at most. */
const usual = 50
const most = 200
/** Behind every address that begins with a prefix, by code point. */
const last = '\u{10FFFF}'

interface Services {
  accounts: Pick<Accounts, 'get' | 'find' | 'byEmail'>
  addresses: Pick<Addresses, 'last'>
  book: Pick<SessionBook, 'at'>
  cases: Pick<Cases, 'get'>
  keys: Pick<Keys, 'get'>
}

/** A person in a list. Times in milliseconds since the epoch. */
const found = z.object({
  account: z.string(),
  email: z.string(),
  phone: z.string().optional(),
  status: z.enum(['active', 'locked', 'closing', 'closed']),
  holdUntil: z.number().optional(),
  createdAt: z.number(),
})
export type Found = z.output<typeof found>

/** Returns a person as lists show them. */
function foundOf({ id, email, phone, status, lock, holdUntil, createdAt }: Account): Found {
  const more = { phone, holdUntil, createdAt, status: status === 'active' && lock ? ('locked' as const) : status }
  return { account: id, email, ...more }
}

/**
 * Finds people by what staff are told: an address (the whole of it, or how it begins), a number, an account's id or `sub`, a case number, an
 * API key's id, or the network address of a session. It reads declared indexes only, so that it takes as long with many accounts as with few.
 */
export function peopleSearch({ accounts, addresses, book, cases, keys }: Services) {
  const each = async (id: string | undefined) => (id === undefined ? undefined : accounts.get(id))
  const listed = (people: readonly (Account | undefined)[]) => ({
    people: people.filter(person => person !== undefined).map(foundOf),
  })

  const those = async (
    where: Where<Account>,
    sort: Page<Account>['sort'],
    { limit, cursor: after }: { limit: number; cursor?: string | undefined },
  ) => {
    const { page, next } = await pageOf(accounts, where, { sort, limit, after })
    return { ...listed(page), next }
  }

  /** People who had a session at a network address, the newest session first. A page may hold fewer people than sessions. */
  const at = async (address: string, { limit, cursor }: { limit: number; cursor?: string | undefined }) => {
    const { page, next } = await book.at(address, limit, cursor)
    const people = [...new Set(page.map(({ account }) => account))]
    return { ...listed(await Promise.all(people.map(each))), next }
  }

  /** People to whom an address belongs now, or belonged last in the past year. */
  const byEmail = async (email: string) => {
    const holder = await accounts.byEmail(email)
    return holder ?? (await each(await addresses.last(email)))
  }

  return operation({
    id: 'people.search',
    means:
      'Finds people by email (whole or its beginning), phone, account id or sub, case number, API key id, or the network address of a session; without a query lists the newest accounts.',
    scope: 'admin:people.read',
    at: 'GET /people',
    args: z.object({
      query: z.string().max(320).default(''),
      cursor: z.string().max(100).optional(),
      limit: z.coerce.number().int().min(1).max(most).default(usual),
    }),
    result: z.object({ people: z.array(found), next: z.string().optional() }),
    run: async ({ query: typed, ...part }) => {
      const query = typed.trim()
      if (query === '') return those({}, { by: 'createdAt', descending: true }, part)
      if (isIP(query) !== 0) return at(query, part)
      if (/^\+[\d ()-]{5,30}$/.test(query)) return those({ phone: query.replace(/[^+\d]/g, '') }, undefined, part)
      if (/^\d{4}-\d{4}-\d{4}$/.test(query)) return listed([await each((await cases.get(query))?.account)])
      if (query.startsWith('lk_')) return listed([await each((await keys.get(query))?.account)])
      const own = await accounts.get(query)
      if (own) return listed([own])
      const email = query.toLowerCase()
      const exact = part.cursor === undefined && email.includes('@') ? await byEmail(email) : undefined
      if (exact) return listed([exact])
      return those({ email: { gte: email, lt: `${email}${last}` } }, { by: 'email' }, part)
    },
  })
}
