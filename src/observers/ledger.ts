import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { between, token } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import { Conflict, declare, every, type Store } from '../store/collection.ts'
import { beginning, chain, type Entry, entryShape, type Happening, type Link, plain } from './chain.ts'

/** Most entries of one leaf. */
const most = 100
/** Leaves read at a time. */
const stride = 100
/** Most entries that wait in a process: of what concerns accounts or comes from Latchkey itself, and of what strangers did. */
const longest = { first: 10_000, behind: 1_000 }
/** Leaves in a row after which a process looks whether another waits for its turn; and how long after it lost a place it looks each time, in milliseconds. */
const inRow = 8
const contended = 1_000
/** The longest that it then lets others go first, in milliseconds. */
const polite = 250
/** Milliseconds for which one process tries to get a leaf in among the others. */
const patient = 10_000

/** The entries of one moment in one process, written at one stroke: all of them are in the book, or none. */
export const leaves = declare({
  name: 'audit_leaves',
  shape: z.object({
    /** The sequence number of its first entry. Of two processes that are to write the same one, one gets it in. */
    id: z.string(),
    /** Names the leaf, wherever it ends up. Rises with time within a process. */
    key: z.string(),
    entries: z.array(entryShape),
  }),
  unique: ['key'],
})

export type Leaf = z.output<typeof leaves.shape>

/** Finds what concerns an account: which entry of which leaf. It is a way to read the book, and no part of it. */
export const places = declare({
  name: 'audit_places',
  shape: z.object({ id: z.string(), account: z.string(), at: z.number(), name: z.string() }),
  indexes: [['account', 'at', 'id', 'name']],
})

/** Processes that lost a place and wait for their turn: the one that has just written knows the end of the book, and would be first every time. */
const turns = declare({
  name: 'audit_turns',
  shape: z.object({ id: z.string() }),
})

interface Waiting {
  happened: Happening
  resolve(): void
  reject(fault: unknown): void
}

/** The one book that all processes of a store write. While a leaf is on its way, what happens meanwhile gathers on the next. */
export function ledger({ store, patience = patient }: { store: Store; patience?: number }) {
  const book = store.collection(leaves)
  const index = store.collection(places)
  const waits = store.collection(turns)
  const nextKey = rising()
  const waiting: { first: Waiting[]; behind: Waiting[] } = { first: [], behind: [] }
  let draining = false
  /** Leaves that this process has written. */
  let written = 0
  /** When another process was last faster. */
  let lostAt = Number.NEGATIVE_INFINITY
  /** The end of the chain, as far as this process knows. */
  let known: Link | undefined

  const end = () => ledgerEnd(store)

  /** Chains a leaf to the end of the book and writes it; where another process was faster, to what that wrote. */
  const write = async (key: string, happened: readonly Happening[]): Promise<void> => {
    const since = performance.now()
    for (let lost = 0; ; lost++) {
      const behind = known ?? (await end())
      const entries = chained(happened, behind)
      const id = leafId(behind.sequence + 1)
      try {
        await book.insert({ id, key, entries })
        // Where others write as much, it is better to look first.
        known = lost > 0 ? undefined : entries.at(-1)
        if (lost > 0) await waits.remove({ id: key })
        return
      } catch (fault) {
        known = undefined
        if (!(fault instanceof Conflict)) throw fault
        lostAt = performance.now()
        // A driver that repeats a write whose answer was lost meets its own.
        if ((await book.get(id))?.key === key) return
        if (performance.now() - since > patience) {
          await waits.remove({ id: key })
          throw new Problem('unavailable', { retryAfter: 1, cause: fault })
        }
        if (lost === 0) await waits.put({ id: key })
        else await wait(between(0, Math.min(2 ** lost, 16)))
      }
    }
  }

  const note = async (key: string, line: number, { data: { account }, at, name }: Happening): Promise<void> => {
    if (typeof account === 'string') await index.insert({ id: placeId(key, line), account, at, name })
  }

  /** Writes a leaf and its places, so that no place is kept without its entry: `strays` takes that for an entry that was removed. Resolves to what failed. */
  const enter = async (key: string, happened: readonly Happening[]): Promise<PromiseRejectedResult | undefined> => {
    const faultOf = (done: PromiseSettledResult<void>[]) => done.find(each => each.status === 'rejected')
    const noted = () => happened.map((each, line) => note(key, line, each))
    // At one stroke where they share a commit, unless this leaf may lose its place to another process.
    if (store.commitsTogether && performance.now() - lostAt >= contended) {
      // Nothing is still on its way once it is said to have failed.
      const [leaf, ...rest] = await Promise.allSettled([write(key, happened), ...noted()])
      if (leaf?.status === 'rejected')
        await index.remove({ id: { in: happened.map((_, line) => placeId(key, line)) } }).catch(() => 0)
      return faultOf(leaf ? [leaf, ...rest] : rest)
    }
    const [leaf] = await Promise.allSettled([write(key, happened)])
    return leaf.status === 'rejected' ? leaf : faultOf(await Promise.allSettled(noted()))
  }

  const letOthersWrite = async (): Promise<void> => {
    const since = performance.now()
    // Whatever is wrong with the store is said of what is to be written.
    const next = async () => (await waits.find({}, { limit: 1 }).catch(() => []))[0]
    let other = await next()
    if (other) known = undefined
    while (other && performance.now() - since < polite) {
      await wait(2)
      other = await next()
    }
    // It has died, or is too slow to wait for.
    if (other) await waits.remove({ id: other.id }).catch(() => 0)
  }

  const drain = async (): Promise<void> => {
    // What is told in one turn of the event loop shares a leaf.
    await new Promise<void>(resolve => process.nextTick(resolve))
    while (waiting.first.length + waiting.behind.length > 0) {
      const first = waiting.first.splice(0, most)
      const leaf = [...first, ...waiting.behind.splice(0, most - first.length)]
      const happened = leaf.map(each => each.happened)
      const key = nextKey(happened[0]?.at ?? 0)
      const failed = await enter(key, happened)
      for (const { resolve, reject } of leaf) failed ? reject(failed.reason) : resolve()
      if (++written % inRow === 0 || performance.now() - lostAt < contended) await letOthersWrite()
    }
    draining = false
  }

  return {
    /**
     * Settles once it is written, behind everything of its kind that was before: what strangers did waits for everything else. Throws
     * `busy` when too much waits, and `unavailable`.
     */
    append: async (happened: Happening): Promise<void> => {
      // Here, so that one which cannot be spelled fails alone, and not those that would share its leaf.
      const spelled = plain(happened)
      const lane = laneOf(spelled)
      if (waiting[lane].length >= longest[lane]) throw new Problem('busy', { retryAfter: 1 })
      return new Promise<void>((resolve, reject) => {
        waiting[lane].push({ happened: spelled, resolve, reject })
        if (draining) return
        draining = true
        void drain()
      })
    },
    /** Returns every entry as it is kept, in order. */
    async *entries(): AsyncGenerator<Entry> {
      for await (const { entries } of every(book, {}, stride)) yield* entries
    },
  }
}

/** What refers to an entry that is not in the log: how many do, and when the first of those entries was written. */
export interface Strays {
  count: number
  first: number
}

/**
 * Finds what the index of accounts refers to and the log does not hold. An attacker who cuts the end off leaves a chain that is
 * sound by itself; the index still tells. A reference is written along with its entry, so those made in the last
 * `grace` milliseconds before `now` are left out.
 */
export async function strays(store: Store, now: number, grace = patient): Promise<Strays | undefined> {
  const [book, index] = [store.collection(leaves), store.collection(places)]
  let found: Strays | undefined
  for (let after: string | undefined; ; ) {
    const read = await index.find({}, { limit: stride, after })
    const keys = [...new Set(read.map(each => placed(each.id).key))]
    const lengths = new Map<string, number>()
    for (const leaf of await book.find({ key: { in: keys } }, { limit: stride }))
      lengths.set(leaf.key, leaf.entries.length)
    for (const { id, at } of read) {
      const { key, line } = placed(id)
      if (line < (lengths.get(key) ?? 0) || at > now - grace) continue
      found = { count: (found?.count ?? 0) + 1, first: Math.min(at, found?.first ?? at) }
    }
    if (read.length < stride) return found
    after = read.at(-1)?.id
  }
}

/** The last entry's place in the chain; the place before the first entry when the log is empty. */
export async function ledgerEnd(store: Store): Promise<Link> {
  const [leaf] = await store.collection(leaves).find({}, { sort: { by: 'id', descending: true }, limit: 1 })
  return leaf?.entries.at(-1) ?? beginning
}

/** What somebody did who is nobody's account waits behind everything else, so that no flood holds people up. */
function laneOf({ data, origin }: Happening): 'first' | 'behind' {
  return typeof data.account === 'string' || origin.address === undefined ? 'first' : 'behind'
}

/** The id of the leaf whose first entry has this sequence number. */
export const leafId = (sequence: number): string => String(sequence).padStart(16, '0')
const placeId = (key: string, line: number): string => `${key}.${String(line).padStart(2, '0')}`

/** The lowest key of what was written at a moment (milliseconds since the epoch), and from then on. */
export const keyAt = (at: number): string => Math.max(0, at).toString(36).padStart(9, '0')

/** The entry at a place: the key of its leaf, and how far down the leaf. */
export function placed(id: string): { key: string; line: number } {
  const [key = '', line = ''] = id.split('.')
  return { key, line: Number(line) }
}

function chained(happened: readonly Happening[], behind: Link): Entry[] {
  let last = behind
  return happened.map(each => {
    const entry = chain(each, last)
    last = entry
    return entry
  })
}

/** Keys in the order in which they are made here, and among processes in that of their milliseconds; none is made twice. */
function rising(): (at: number) => string {
  let last = 0
  let sequence = 0
  return at => {
    // A clock that is set back must not file what happens next under what went before.
    sequence = at > last ? 0 : sequence + 1
    last = Math.max(last, at)
    return `${keyAt(last)}${sequence.toString(36).padStart(6, '0')}${token(6)}`
  }
}
