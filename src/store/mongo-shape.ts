import type { Asked } from './conditions.ts'

/** A document, a filter or an update as the driver takes it. */
export type Raw = Record<string, unknown>

/** Returns the names of those collections that are not the server's own, in order. */
export const namesOf = (collections: readonly { name: string }[]): string[] =>
  collections
    .map(({ name }) => name)
    .filter(name => !name.startsWith('system.'))
    .sort()

// Not every MongoDB-compatible service takes these in a name, and none takes an empty one everywhere.
const escapes: Record<string, string> = { '%': '%25', '.': '%2E', $: '%24', '\0': '%00' }
const named = (name: string): string => (name === '' ? '%' : name.replace(/[%.$\0]/g, sign => escapes[sign] ?? sign))
const unnamed = (name: string): string =>
  name === '%' ? '' : name.replace(/%(25|2E|24|00)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map(each => renamed(each, rename))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [rename(name), renamed(each, rename)]))
}

/** A field's name in the database. */
export const field = (name: string): string => (name === 'id' ? '_id' : named(name))

/** A field's value in the database: plain JSON, and a date where the database itself must know the time. */
function stored(name: string, value: unknown): unknown {
  if (value === undefined || value === null) return null
  if (name === 'expiresAt') return new Date(value as number)
  return renamed(JSON.parse(JSON.stringify(value)), named)
}

/** A document, or part of one, as the database keeps it; absent fields are left out. */
export function toRaw(doc: object): Raw {
  const present = Object.entries(doc).filter(([, value]) => value !== undefined)
  return Object.fromEntries(present.map(([name, value]) => [field(name), stored(name, value)]))
}

/** The document that the database kept. */
export function fromRaw<T>({ _id, expiresAt, ...rest }: Raw): T {
  const expires = expiresAt instanceof Date ? { expiresAt: expiresAt.getTime() } : {}
  return { id: _id, ...(renamed(rest, unnamed) as object), ...expires } as T
}

/** A document that has not expired. */
export const live = (now: number): Raw => ({ $or: [{ expiresAt: null }, { expiresAt: { $gt: new Date(now) } }] })

/** One that has, and is still there: the server sweeps about once a minute. */
export const expired = (now: number): Raw => ({ expiresAt: { $lte: new Date(now) } })

/** The documents that are alive and meet a filter. */
export function matching(asked: readonly Asked[], now: number): Raw {
  return { $and: [live(now), ...asked.map(condition)] }
}

function condition({ field: name, by, value }: Asked): Raw {
  const key = field(name)
  if (by === 'lt') return { [key]: { $lt: stored(name, value) } }
  if (by === 'gte') return { [key]: { $gte: stored(name, value) } }
  if (by === 'is') return { [key]: { $eq: stored(name, value) } }
  const list = (value as unknown[]).map(each => stored(name, each))
  const present = { [key]: { $in: list.filter(each => each !== null) } }
  return list.includes(null) ? { $or: [present, { [key]: null }] } : present
}

/** The documents behind one in the order of a page; `at` is what it holds in the field that orders it. */
export function beyond(name: string, descending: boolean, after: string, at: unknown): Raw {
  const key = field(name)
  const past = descending ? '$lt' : '$gt'
  if (key === '_id') return { _id: { [past]: after } }
  const tied = { [key]: at, _id: { [past]: after } }
  // Absent comes first: nothing is below it, and everything present is above.
  if (at === null) return descending ? tied : { $or: [tied, { [key]: { $ne: null } }] }
  return { $or: [{ [key]: { [past]: at } }, tied, ...(descending ? [{ [key]: null }] : [])] }
}
