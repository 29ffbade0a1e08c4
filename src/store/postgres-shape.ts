import { type Asked, scalar } from './conditions.ts'

/** A piece of SQL, its placeholders filled in from `values`. */
export interface Clause {
  sql: string
  values: unknown[]
}

/** Lists the tables of a schema that hold documents, each a collection. */
export const namesOfTables = `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'doc'
  WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname`

/** Begins an escape: the character after NUL, so that texts sort as they did before. */
const mark = '\u0001'
const spelled = (sign: string): string => mark + sign.charCodeAt(0).toString(16).padStart(4, '0')

/** Returns text that PostgreSQL can keep: it accepts neither NUL nor half a surrogate pair. */
export const escaped = (text: string): string =>
  text.includes('\0') || text.includes(mark) || !text.isWellFormed()
    ? text.replace(/\p{Cc}|\p{Surrogate}/gu, sign => (sign > mark && sign < '\ud800' ? sign : spelled(sign)))
    : text

const unescaped = (text: string): string => {
  const [head = '', ...rest] = text.split(mark)
  return head + rest.map(each => String.fromCharCode(Number.parseInt(each.slice(0, 4), 16)) + each.slice(4)).join('')
}

/** A field's value as the database keeps it. An object is kept as text: jsonb would forget the order of its keys, which counts here. */
function stored(value: unknown): unknown {
  if (typeof value === 'string') return escaped(value)
  return typeof value === 'object' && value !== null ? { $: JSON.stringify(value) } : value
}

/** Spells a document, or a part of one, as the jsonb that the database keeps. Absent fields are left out. */
export function toJsonb(doc: object): string {
  return JSON.stringify(Object.fromEntries(Object.entries(doc).map(([field, value]) => [field, stored(value)])))
}

/** Reads a document back from its jsonb. */
export function fromJsonb<T>(text: string): T {
  const doc: Record<string, unknown> = JSON.parse(text)
  for (const [field, value] of Object.entries(doc)) {
    if (typeof value === 'string') doc[field] = value.includes(mark) ? unescaped(value) : value
    else if (typeof value === 'object' && value !== null) doc[field] = JSON.parse((value as { $: string }).$)
  }
  return doc as T
}

const inverted = (hex: string): string => hex.replace(/./g, digit => (15 - Number.parseInt(digit, 16)).toString(16))

/**
 * The text by which a value is compared, so that one column holds text, numbers and truth values in their own order. Numbers are
 * the bits of an IEEE 754 double, turned so that they sort as text. Undefined for an absent value. Throws TypeError for what no index holds.
 */
export function keyOf(field: string, value: unknown): string | undefined {
  const plain = scalar(field, value)
  if (plain === undefined) return undefined
  if (typeof plain === 'string') return field === 'id' ? escaped(plain) : `s${escaped(plain)}`
  // No id is a number.
  if (field === 'id') return undefined
  if (typeof plain === 'boolean') return `b${plain}`
  const bits = Buffer.alloc(8)
  bits.writeDoubleBE(plain === 0 ? 0 : plain)
  return plain < 0 ? `n0${inverted(bits.toString('hex'))}` : `n1${bits.toString('hex')}`
}

/** The SQL that makes the same text of a field of `doc`, which is what a generated column holds. */
export function keyExpression(field: string): string {
  const value = `(doc -> '${field}')`
  const hex = `encode(float8send(${value}::float8), 'hex')`
  const number = `CASE WHEN ${value}::float8 < 0 THEN 'n0' || translate(${hex}, '0123456789abcdef', 'fedcba9876543210') ELSE 'n1' || ${hex} END`
  return `CASE jsonb_typeof${value} WHEN 'string' THEN 's' || (${value} #>> '{}') WHEN 'boolean' THEN 'b' || (${value} #>> '{}') WHEN 'number' THEN ${number} END`
}

/** The column that holds a field's key. A dot sets fields apart from the engine's own columns. */
export const column = (field: string): string => (field === 'id' ? 'id' : `".${field}"`)

/** A document that has not expired; its placeholder is the time. */
export const live = (now: number): Clause => ({ sql: '(expires IS NULL OR expires > ?)', values: [now] })

/** Joins conditions. */
export const all = (clauses: readonly Clause[]): Clause => ({
  sql: clauses.map(each => each.sql).join(' AND '),
  values: clauses.flatMap(each => each.values),
})

/** The first text behind all that begin as this key does: values of other types are outside every range. */
const end = (key: string): string => String.fromCharCode(key.charCodeAt(0) + 1)

/** A condition on a field: on its column where it is indexed, or on the document itself. */
export function condition({ field, by, value }: Asked, indexed: boolean): Clause {
  if (!indexed) return unindexed({ field, by, value })
  const name = column(field)
  if (by === 'in') {
    const keys = (value as unknown[]).map(each => keyOf(field, each))
    const present = { sql: `${name} = ANY(?::text[])`, values: [keys.filter(each => each !== undefined)] }
    const absent = (value as unknown[]).some(each => each === undefined || each === null)
    return absent ? { ...present, sql: `(${present.sql} OR ${name} IS NULL)` } : present
  }
  const key = keyOf(field, value)
  if (by === 'is' && (value === undefined || value === null)) return { sql: `${name} IS NULL`, values: [] }
  if (key === undefined) return { sql: 'false', values: [] }
  if (by === 'is') return { sql: `${name} = ?`, values: [key] }
  if (field === 'id') return { sql: `id ${by === 'lt' ? '<' : '>='} ?`, values: [key] }
  return by === 'lt'
    ? { sql: `(${name} < ? AND ${name} >= ?)`, values: [key, key[0]] }
    : { sql: `(${name} >= ? AND ${name} < ?)`, values: [key, end(key)] }
}

/** A condition on a field that has no column, as only `patch` may ask. Throws TypeError for a name that is no plain word: it is part of the statement. */
function unindexed({ field, by, value }: Asked): Clause {
  if (!/^[A-Za-z][\w-]*$/.test(field)) throw new TypeError(`${field} is not a plain word`)
  const held = `coalesce(doc -> '${field}', 'null')`
  if (by === 'is') return { sql: `${held} = ?::jsonb`, values: [JSON.stringify(stored(value ?? null))] }
  if (by === 'in') {
    const list = (value as unknown[]).map(each => JSON.stringify(stored(each ?? null)))
    return { sql: `${held} = ANY(?::jsonb[])`, values: [list] }
  }
  const key = keyOf(field, value) ?? ''
  const text = `(${keyExpression(field)}) COLLATE "C"`
  return by === 'lt'
    ? { sql: `(${text} < ? AND ${text} >= ?)`, values: [key, key[0]] }
    : { sql: `(${text} >= ? AND ${text} < ?)`, values: [key, end(key)] }
}

/** The rows behind one document in the order of a page; `at` is what its column holds. */
export function beyond(by: string, descending: boolean, after: string, at: string | null): Clause {
  const sign = descending ? '<' : '>'
  const name = column(by)
  const id = escaped(after)
  if (by === 'id') return { sql: `id ${sign} ?`, values: [id] }
  // Absent comes first: nothing is below it, and everything present is above.
  if (at === null)
    return { sql: descending ? `(${name} IS NULL AND id < ?)` : `(${name} IS NOT NULL OR id > ?)`, values: [id] }
  const row = `(${name}, id) ${sign} (?, ?)`
  return { sql: descending ? `(${row} OR ${name} IS NULL)` : row, values: [at, id] }
}

/** The order of a page, which an index serves read in either direction. */
export function order(by: string, descending: boolean): string {
  if (by === 'id') return `id ${descending ? 'DESC' : 'ASC'}`
  return descending ? `${column(by)} DESC NULLS LAST, id DESC` : `${column(by)} ASC NULLS FIRST, id ASC`
}
