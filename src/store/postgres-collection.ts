import { Problem } from '../errors.ts'
import { type Collection, Conflict, type Declaration, type Doc, type Page } from './collection.ts'
import { type Askable, questions, scalar } from './conditions.ts'
import {
  all,
  beyond,
  type Clause,
  column,
  condition,
  escaped,
  fromJsonb,
  keyOf,
  live,
  order,
  toJsonb,
} from './postgres-shape.ts'

/** Beyond so many races lost in a row, something is wrong with the database. */
const TRIES = 20
const UNIQUE_VIOLATION = '23505'
/** A value of another type than the one that is cast to (PostgreSQL, appendix A: class 22). */
const NOT_A_NUMBER = /^22/

/** Runs one statement, which is one transaction, and resolves to its rows and how many it changed. Throws Problem `unavailable`. */
export type Query = (
  sql: string,
  values: readonly unknown[],
) => Promise<{ rows: Record<string, unknown>[]; changed: number }>

/** The ways to run a statement: acknowledged once it is on disk, or, where it is transient, before. */
export type Queries = Record<'lasting' | 'transient', Query>

type Fields = Record<string, unknown>
const codeOf = (fault: unknown): string => String((fault as { code?: unknown }).code)

/** Builds one collection in a PostgreSQL table, each verb a single statement. `ready` settles once the table and its indexes are there. */
export function postgresCollection<T extends Doc>(
  queries: Queries,
  { name, shape }: Declaration<T>,
  askable: Askable,
  now: () => number,
  ready: () => Promise<void>,
): Collection<T> {
  const { unique } = askable
  const known = new Set(['id', ...askable.fields])
  const table = `"${name}"`

  const run = async (sql: string, values: readonly unknown[], query = queries.lasting) => {
    await ready()
    let at = 0
    return query(
      sql.replace(/\?/g, () => `$${++at}`),
      values,
    )
  }
  const first = async ({ sql, values }: Clause): Promise<T | undefined> => {
    const [row] = (await run(sql, values)).rows
    return row && fromJsonb<T>(row.doc as string)
  }

  const checkIndexed = (doc: object): void => {
    for (const each of askable.fields) scalar(each, (doc as Fields)[each])
  }
  const sound = (doc: T): T => {
    const fit = shape.parse(doc)
    checkIndexed(fit)
    return fit
  }
  /** The live rows that meet these conditions. */
  const matching = (asked: ReturnType<typeof questions>): Clause =>
    all([live(now()), ...asked.map(each => condition(each, known.has(each.field)))])

  /** Tries a write until no expired document is in its way; throws Conflict when a live one is. */
  const storing = async <R>(
    doc: Fields,
    fields: readonly string[],
    write: () => Promise<R | undefined>,
  ): Promise<R> => {
    for (let tries = 1; ; tries++) {
      try {
        const written = await write()
        if (written !== undefined) return written
      } catch (fault) {
        if (codeOf(fault) !== UNIQUE_VIOLATION) throw fault
      }
      if (tries === TRIES) throw new Problem('unavailable', { retryAfter: 1 })
      await makeRoom(doc, fields)
    }
  }
  const makeRoom = async (doc: Fields, fields: readonly string[]): Promise<void> => {
    for (const field of fields) {
      const key = keyOf(field, doc[field])
      if (key === undefined) continue
      const others =
        field === 'id'
          ? all([{ sql: 'id = ?', values: [key] }])
          : all([{ sql: `${column(field)} = ? AND id <> ?`, values: [key, escaped(String(doc.id))] }])
      const held = all([others, live(now())])
      const { rows } = await run(`SELECT 1 FROM ${table} WHERE ${held.sql}`, held.values)
      if (rows.length > 0) throw new Conflict(name, field)
      await run(`DELETE FROM ${table} WHERE ${others.sql} AND expires <= ?`, [...others.values, now()])
    }
  }

  /** Adds a row, over an expired one of the same id, and over a live one where that is to be replaced; resolves to whether it did. */
  const insertOver = async (doc: T, replace: boolean, query = queries.lasting): Promise<boolean> => {
    const only = replace ? { sql: '', values: [] } : { sql: ` WHERE ${table}.expires <= ?`, values: [now()] }
    const sql = `INSERT INTO ${table} (id, doc) VALUES (?, ?::jsonb) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc${only.sql}`
    return (await run(sql, [escaped(doc.id), toJsonb(doc), ...only.values], query)).changed > 0
  }
  const add = async (doc: T, replace: boolean, transient = false): Promise<void> => {
    const query = transient ? queries.transient : queries.lasting
    const fields = replace ? unique : ['id', ...unique]
    await storing(doc as Fields, fields, async () => (await insertOver(doc, replace, query)) || undefined)
  }

  return {
    async insert(doc, transient) {
      return add(sound(doc), false, transient)
    },
    async put(doc, transient) {
      return add(sound(doc), true, transient)
    },
    async get(id) {
      const alive = live(now())
      return first({
        sql: `SELECT doc::text FROM ${table} WHERE id = ? AND ${alive.sql}`,
        values: [escaped(id), ...alive.values],
      })
    },
    async find(where, { sort, limit = 100, after }: Page<T> = {}) {
      const asked = questions(where)
      const by = sort?.by ?? 'id'
      const descending = sort?.descending ?? false
      askable.check(asked, by, limit)
      const clauses = [matching(asked)]
      if (after !== undefined) {
        const alive = live(now())
        const holder = `SELECT ${column(by)} AS at FROM ${table} WHERE id = ? AND ${alive.sql}`
        const last = by === 'id' ? { at: null } : (await run(holder, [escaped(after), ...alive.values])).rows[0]
        if (last === undefined) throw new Problem('not_found')
        clauses.push(beyond(by, descending, after, last.at as string | null))
      }
      const { sql, values } = all(clauses)
      const { rows } = await run(
        `SELECT doc::text FROM ${table} WHERE ${sql} ORDER BY ${order(by, descending)} LIMIT ?`,
        [...values, limit],
      )
      return rows.map(row => fromJsonb<T>(row.doc as string))
    },
    async patch(id, changes, when) {
      const asked = questions(when)
      if ((changes.id ?? id) !== id) throw new TypeError(`${name}: an id does not change`)
      const { id: _, ...rest } = changes
      checkIndexed(rest)
      const gone = Object.entries(rest).flatMap(([field, value]) => (value === undefined ? [field] : []))
      const write = async (): Promise<{ doc: T | undefined }> => {
        const { sql, values } = all([{ sql: 'id = ?', values: [escaped(id)] }, matching(asked)])
        const update = `UPDATE ${table} SET doc = (doc || ?::jsonb) - ?::text[] WHERE ${sql} RETURNING doc::text`
        const doc =
          Object.keys(rest).length === 0
            ? await first({ sql: `SELECT doc::text FROM ${table} WHERE ${sql}`, values })
            : await first({ sql: update, values: [toJsonb(rest), gone, ...values] })
        return { doc }
      }
      return (await storing({ ...rest, id }, unique, write)).doc
    },
    async count(id, field, by, born, transient = false) {
      const query = transient ? queries.transient : queries.lasting
      const start = Number((born as Fields)[field] ?? 0) + by
      const total = 'to_jsonb(coalesce((doc -> ?)::float8, 0) + ?::float8)'
      const alive = live(now())
      const update = `UPDATE ${table} SET doc = jsonb_set(doc, ARRAY[?], ${total}) WHERE id = ? AND ${alive.sql} RETURNING (doc -> ?)::float8 AS total`
      try {
        return await storing({ ...(born as Fields), id }, unique, async () => {
          const { rows } = await run(update, [field, field, by, escaped(id), ...alive.values, field], query)
          if (rows.length > 0) return rows[0]?.total as number
          const inserted = await insertOver(sound({ ...born, id, [field]: start } as T), false, query)
          return inserted ? start : undefined
        })
      } catch (fault) {
        throw NOT_A_NUMBER.test(codeOf(fault)) ? new TypeError('only a number can be counted', { cause: fault }) : fault
      }
    },
    async take(id) {
      const alive = live(now())
      return first({
        sql: `DELETE FROM ${table} WHERE id = ? AND ${alive.sql} RETURNING doc::text`,
        values: [escaped(id), ...alive.values],
      })
    },
    async remove(where) {
      const asked = questions(where)
      askable.check(asked)
      const { sql, values } = matching(asked)
      return (await run(`DELETE FROM ${table} WHERE ${sql}`, values)).changed
    },
  }
}
