import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type Collection, type Doc, declare, type Store } from './collection.ts'

/** Documents that are read and compared at a time, and that are written at a time. */
const PAGE = 500
const TOGETHER = 50
/** Collections that every store makes for itself. */
export const own: ReadonlySet<string> = new Set(['schema', 'readiness'])

/** What became of one collection. */
export interface Copied {
  name: string
  /** Documents that both stores hold alike. */
  alike: number
  /** Of these, how many had to be written. */
  written: number
  /** Ids of at most ten documents that the target does not hold as the source does, or holds beyond it. */
  differ: string[]
}

/** Returns a collection without shape and indexes, so that documents pass that this program does not know. */
export function plain(store: Store, name: string): Collection<Doc> {
  const known = plains.get(store) ?? new Map<string, Collection<Doc>>()
  plains.set(store, known)
  const made = known.get(name) ?? store.collection(declare<Doc>({ name, shape: plainShape }))
  known.set(name, made)
  return made
}

const plainShape = z.looseObject({ id: z.string(), expiresAt: z.number().optional() })
const plains = new WeakMap<Store, Map<string, Collection<Doc>>>()

async function* pages(collection: Collection<Doc>): AsyncGenerator<Doc[]> {
  for (let after: string | undefined; ; ) {
    const page = await collection.find({}, { limit: PAGE, after })
    if (page.length > 0) yield page
    after = page.at(-1)?.id
    if (page.length < PAGE) return
  }
}

/** Finds which of these documents another store does not hold as they are here. */
async function differing(page: readonly Doc[], elsewhere: Collection<Doc>): Promise<Doc[]> {
  const there = await elsewhere.find({ id: { in: page.map(each => each.id) } }, { limit: PAGE })
  const held = new Map(there.map(each => [each.id, each]))
  return page.filter(each => !isDeepStrictEqual(each, held.get(each.id)))
}

/**
 * Copies everything that lives in one store to another, whatever their engines, and compares them afterwards, document by document.
 * What the target holds alike is not written again, so a copy that was interrupted goes on where it was. Nobody may write to either
 * meanwhile. Yields what became of each collection.
 */
export async function* copyStore(source: Store, target: Store): AsyncGenerator<Copied> {
  for (const name of await source.names()) {
    if (own.has(name)) continue
    const [from, to] = [plain(source, name), plain(target, name)]
    let written = 0
    for await (const page of pages(from)) {
      const missing = await differing(page, to)
      for (let at = 0; at < missing.length; at += TOGETHER)
        await Promise.all(missing.slice(at, at + TOGETHER).map(doc => to.put(doc)))
      written += missing.length
    }
    yield { name, written, ...(await compared(from, to)) }
  }
}

async function compared(from: Collection<Doc>, to: Collection<Doc>): Promise<Pick<Copied, 'alike' | 'differ'>> {
  let alike = 0
  const differ = new Set<string>()
  for await (const page of pages(from)) {
    const missing = await differing(page, to)
    alike += page.length - missing.length
    for (const { id } of missing) differ.add(id)
  }
  for await (const page of pages(to)) for (const { id } of await differing(page, from)) differ.add(id)
  return { alike, differ: [...differ].slice(0, 10) }
}
