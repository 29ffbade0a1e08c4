import type { z } from 'zod'
import { Problem } from '../errors.ts'

/** What every stored document has, all of it JSON. Times are milliseconds since the epoch; a document past `expiresAt` is never shown. */
export interface Doc {
  id: string
  expiresAt?: number | undefined
}

/** Equality, a range, or one of several; `undefined` asks that the field be absent. Top-level fields only; in an object the order of its keys counts. */
type Condition<V> = V | { lt?: V; gte?: V; in?: readonly V[] }
export type Where<T> = { readonly [K in keyof T]?: Condition<T[K]> }

export interface Page<T> {
  /** The field to order by (it or its id breaks ties); ascending unless `descending`. Default: by id. */
  sort?: { by: keyof T & string; descending?: boolean }
  /** At most so many; 100 unless told. */
  limit?: number
  /** The id of the last document of the page before. In any order but by id, Problem `not_found` says that it is gone. */
  after?: string
}

/** One kind of document, declared once. */
export interface Declaration<T extends Doc> {
  name: string
  shape: z.ZodType<T>
  /** Fields whose value no two live documents share; an absent field does not count. */
  unique?: readonly (keyof T & string)[]
  /** Fields that `find` and `remove` may ask for; compound ones as a list. */
  indexes?: readonly ((keyof T & string) | readonly (keyof T & string)[])[]
}

/**
 * A few verbs, each one atomic step in every engine; none shows a document past its `expiresAt`. What is written is on disk before it is
 * acknowledged, but for what is added or counted as `transient`: a killed process does not lose it, and a power cut may,
 * unless anything else was written after it.
 */
export interface Collection<T extends Doc> {
  /** Adds a document that fits its shape. Throws Conflict when the id or a unique value is taken by a live one. */
  insert(doc: T, transient?: boolean): Promise<void>
  /** Adds or replaces by id. Throws Conflict when a unique value is taken by another. */
  put(doc: T, transient?: boolean): Promise<void>
  get(id: string): Promise<T | undefined>
  /** Asks on declared indexes, unique fields or the id only; anything else throws TypeError, in every engine. */
  find(where: Where<T>, page?: Page<T>): Promise<T[]>
  /** Compare-and-set: merges `changes` (`undefined` removes a field) if the document exists and meets `when`; resolves to it as it is now. */
  patch(id: string, changes: Partial<T>, when?: Where<T>): Promise<T | undefined>
  /** Adds `by` to a number field, or to that of `born` where there is no document yet, and keeps it; resolves to the new number. */
  count(id: string, field: keyof T & string, by: number, born: T, transient?: boolean): Promise<number>
  /** Removes and returns: of many takers exactly one gets it. */
  take(id: string): Promise<T | undefined>
  /** Removes all that match; resolves to how many. */
  remove(where: Where<T>): Promise<number>
}

/** What a store is opened with. */
export interface Opening {
  /** Milliseconds since the epoch. */
  now: () => number
  /** Remove expired documents in the background; true unless told. It changes no answer. */
  sweep?: boolean
}

/** Opened from a URL by open.ts; one for each process. */
export interface Store {
  collection<T extends Doc>(declaration: Declaration<T>): Collection<T>
  /** Whether writes begun in one turn of the event loop are there together or not at all. Others go over several connections, in any order. */
  commitsTogether: boolean
  /** The names of all collections that it holds, those included that this program does not declare. */
  names(): Promise<string[]>
  close(): Promise<void>
}

/** A document with that id, or with that unique value, lives already. */
export class Conflict extends Error {
  readonly collection: string
  readonly field: string
  constructor(collection: string, field: string) {
    super(`${collection}: a document with this ${field} exists`)
    this.name = 'Conflict'
    this.collection = collection
    this.field = field
  }
}

/** Declares a collection: an identity function that infers its document from its shape. */
export function declare<T extends Doc>(declaration: Declaration<T>): Declaration<T> {
  return declaration
}

/** Times that a change may lose to another before it gives up; each time means that another request came through. */
const bound = 20

/** Repeats a compare-and-set until it resolves to something; undefined says that another change came first. Throws `busy` after twenty that lost. */
export async function retry<R>(once: () => Promise<R | undefined>): Promise<R> {
  for (let left = bound; left > 0; left--) {
    const won = await once()
    if (won !== undefined) return won
  }
  throw new Problem('busy', { retryAfter: 1 })
}

/** Adds a document, or resolves to false when its id or a unique value is taken: of many claimants exactly one gets true. */
export async function claim<T extends Doc>(
  collection: Pick<Collection<T>, 'insert'>,
  doc: T,
  transient?: boolean,
): Promise<boolean> {
  try {
    await collection.insert(doc, transient)
    return true
  } catch (fault) {
    if (fault instanceof Conflict) return false
    throw fault
  }
}

/**
 * Changes a document as `made` says of how it stands, however many change it at once: each change compares the number field
 * `revision` and raises it, unless it sets it itself. Resolves to the document as it is now, unchanged where `made` returns undefined;
 * to undefined where there is none. Throws what `made` throws, and `busy` as `retry` does.
 */
export async function update<T extends Doc>(
  collection: Pick<Collection<T>, 'get' | 'patch'>,
  id: string,
  revision: keyof T & string,
  made: (found: T) => Partial<T> | undefined | Promise<Partial<T> | undefined>,
): Promise<T | undefined> {
  const [now] = await retry<[T | undefined]>(async () => {
    const found = await collection.get(id)
    const changes = found && (await made(found))
    if (!changes) return [found]
    const { [revision]: at } = found
    const raised = { [revision]: Number(at ?? 0) + 1 } as Partial<T>
    const changed = await collection.patch(id, { ...raised, ...changes }, { [revision]: at } as Where<T>)
    return changed && [changed]
  })
  return now
}

/** Waits until every one of several writes has ended. Throws the first failure. */
export async function allWritten(writes: readonly unknown[]): Promise<void> {
  const failed = (await Promise.allSettled(writes)).find(each => each.status === 'rejected')
  if (failed) throw failed.reason
}

/** Documents read at a time. */
const stride = 500

/** Every document that meets a filter, in the order of their ids, read a page at a time: however many there are, none is left out. */
export async function* every<T extends Doc>(
  collection: Pick<Collection<T>, 'find'>,
  where: Where<T>,
  atOnce = stride,
): AsyncGenerator<T> {
  for (let after: string | undefined; ; ) {
    const found = await collection.find(where, { limit: atOnce, after })
    yield* found
    if (found.length < atOnce) return
    after = found.at(-1)?.id
  }
}

/** Returns one page of the documents that meet a filter; `next` is the `after` of the page behind it, if there is one. Throws what `find` throws. */
export async function pageOf<T extends Doc>(
  collection: Pick<Collection<T>, 'find'>,
  where: Where<T>,
  { limit, ...part }: Page<T> & { limit: number },
): Promise<{ page: T[]; next: string | undefined }> {
  const found = await collection.find(where, { ...part, limit: limit + 1 })
  const page = found.slice(0, limit)
  return { page, next: found.length > limit ? page.at(-1)?.id : undefined }
}

/** All documents that meet a filter, in the order of their ids. */
export async function allOf<T extends Doc>(collection: Pick<Collection<T>, 'find'>, where: Where<T>): Promise<T[]> {
  const found = await collection.find(where, { limit: stride })
  for (let read = found.length; read === stride; ) {
    const page = await collection.find(where, { limit: stride, after: found.at(-1)?.id })
    found.push(...page)
    read = page.length
  }
  return found
}
