import { type Asked, scalar } from './conditions.ts'
import { column } from './sqlite-table.ts'

/** What SQLite can be given. */
export type Bound = string | number | null

/** A piece of SQL and what its question marks stand for. */
export interface Clause {
  sql: string
  values: Bound[]
}

/** An indexed field's value as its column holds it. Throws TypeError for what no index can hold. */
export function bound(field: string, value: unknown): Bound {
  const plain = scalar(field, value)
  return typeof plain === 'boolean' ? Number(plain) : (plain ?? null)
}

/** A document that has not expired. Its question mark is the time. */
export const LIVE = '(expires IS NULL OR expires > ?)'

/** The rows that are alive and meet a filter. */
export function matching(asked: readonly Asked[], now: number): Clause {
  const clauses = [{ sql: LIVE, values: [now] }, ...asked.map(clause)]
  return { sql: clauses.map(each => each.sql).join(' AND '), values: clauses.flatMap(each => each.values) }
}

function clause({ field, by, value }: Asked): Clause {
  const name = column(field)
  if (by === 'lt') return { sql: `${name} < ?`, values: [bound(field, value)] }
  if (by === 'gte') return { sql: `${name} >= ?`, values: [bound(field, value)] }
  if (by === 'in')
    return among(
      field,
      (value as unknown[]).map(each => bound(field, each)),
    )
  const wanted = bound(field, value)
  return wanted === null ? { sql: `${name} IS NULL`, values: [] } : { sql: `${name} = ?`, values: [wanted] }
}

// Lists are filled up to a power of two with their last value, so that few statements serve every length.
function among(field: string, list: Bound[]): Clause {
  const present = list.filter(each => each !== null)
  const last = present.at(-1)
  const full =
    last === undefined
      ? []
      : [...present, ...Array<Bound>(2 ** Math.ceil(Math.log2(present.length)) - present.length).fill(last)]
  const within = `${column(field)} IN (${full.map(() => '?').join(',')})`
  return { sql: present.length < list.length ? `(${within} OR ${column(field)} IS NULL)` : within, values: full }
}

/** The rows behind one document in the order of a page; `at` is what it holds in the field that orders it. */
export function beyond(by: string, descending: boolean, after: string, at: Bound): Clause {
  const sign = descending ? '<' : '>'
  const name = column(by)
  if (name === 'id') return { sql: `id ${sign} ?`, values: [after] }
  // Absent comes first: nothing is below it, and everything present is above.
  if (at === null) {
    return { sql: descending ? `(${name} IS NULL AND id < ?)` : `(${name} IS NOT NULL OR id > ?)`, values: [after] }
  }
  const row = `(${name}, id) ${sign} (?, ?)`
  return { sql: descending ? `(${row} OR ${name} IS NULL)` : row, values: [at, after] }
}

/** The order of a page. */
export function order(by: string, descending: boolean): string {
  const way = descending ? 'DESC' : 'ASC'
  return by === 'id' ? `id ${way}` : `${column(by)} ${way}, id ${way}`
}
