import { sha256 } from '../crypto/digest.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { networksOf } from '../network.ts'
import type { Store } from '../store/collection.ts'
import { throttlesDeclaration } from './throttle.ts'

const minute = 60_000
const megabyte = 1_048_576

/** So many bytes in so long a window, in milliseconds. */
interface Allowance {
  bytes: number
  window: number
}

/** What one source may have us store before it proved anything; docs/operating/configure.md says why so much. */
export const allowances: readonly Allowance[] = [
  { bytes: 2 * megabyte, window: minute },
  { bytes: 16 * megabyte, window: 60 * minute },
]
/** A client has many people: so many times what one source may. */
const perClient = 20
/** How much of an allowance a process takes from the store at a time, and gives each source before it asks the store at all. */
const share = 1 / 16
/** What a row costs beside its content: its id, its indexes and its place in a page. */
const perRow = 300
/** Sources that a process remembers. */
const most = 40_000

/** Who is asking. `client` where the request names one that cannot authenticate: its book, of which each endpoint has one. */
export interface Source {
  address: string
  client?: string | undefined
}

type By = 'address' | 'client'

/** What this process holds of one allowance. */
interface Book {
  left: number
  until: number
  closed: boolean
  /** The last who asked the store for more. */
  turn: Promise<void>
}

interface Services {
  store: Store
  /** Records each limit that is reached, once for each window. */
  emit?: Emit
  now: () => number
}

export type Quota = ReturnType<typeof quota>

/**
 * Limits what strangers can make us store, by source and, where a client cannot authenticate, by client. The count is in the store, so that it holds
 * across processes; each takes a sixteenth of it at a time, so that people cost the store nothing and a flood little.
 */
export function quota({ store, emit, now }: Services) {
  const kept = store.collection(throttlesDeclaration)
  const books = new Map<string, Book>()

  /** The book of one allowance, begun anew once its window is over. The one that was used longest ago makes room. */
  const bookOf = (id: string, { bytes, window }: Allowance): Book => {
    let book = books.get(id)
    if (!book || book.until <= now())
      book = { left: Math.floor(bytes * share), until: now() + window, closed: false, turn: Promise.resolve() }
    books.delete(id)
    books.set(id, book)
    if (books.size > most) books.delete(books.keys().next().value ?? '')
    return book
  }

  const refused = ({ until }: Book, by: By): Problem =>
    new Problem('slow_down', { values: { by }, retryAfter: Math.max(1, Math.ceil((until - now()) / 1000)) })

  const close = async (id: string, book: Book, by: By, { window }: Allowance): Promise<void> => {
    book.closed = true
    book.until = (await kept.get(id))?.expiresAt ?? now()
    const told = await kept.count(`${id}.told`, 'spent', 1, { id: `${id}.told`, spent: 0, expiresAt: now() + window })
    if (told === 1) await emit?.('limit.closed', { limit: `stored.${by}` })
  }

  const pay = async (by: By, name: string, allowed: Allowance, amount: number): Promise<void> => {
    const { bytes, window } = allowed
    const id = sha256(`stored\n${by}\n${window}\n${name}`)
    const book = bookOf(id, allowed)
    if (book.closed) throw refused(book, by)
    if (amount <= book.left) {
      book.left -= amount
      return
    }
    const turn = book.turn.then(async () => {
      while (!book.closed && amount > book.left) {
        const lease = Math.max(amount, Math.floor(bytes * share))
        const spent = await kept.count(id, 'spent', lease, { id, spent: 0, expiresAt: now() + window })
        if (spent <= bytes) book.left += lease
        else await close(id, book, by, allowed)
      }
      if (book.closed) throw refused(book, by)
      book.left -= amount
    })
    book.turn = turn.catch(() => {})
    await turn
  }

  return {
    /** Pays for one row of so many bytes. Throws `slow_down`, which says for how long. */
    spend: async (row: number, { address, client }: Source): Promise<void> => {
      const amount = row + perRow
      const networks = networksOf(address)
      for (const { bytes, window } of allowances) {
        for (const { network, times } of networks)
          await pay('address', network, { bytes: bytes * times, window }, amount)
        if (client !== undefined) await pay('client', client, { bytes: bytes * perClient, window }, amount)
      }
    },
  }
}
