import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { Problem } from '../errors.ts'
import { type Collection, Conflict, type Declaration, type Doc, type Page, type Where } from './collection.ts'
import { type Askable, meets, questions } from './conditions.ts'
import { type Committer, isTaken, patiently } from './sqlite-commit.ts'
import { type Bound, beyond, bound, type Clause, LIVE, matching, order } from './sqlite-find.ts'
import { column, type Table } from './sqlite-table.ts'

/** What the collections of one file share. */
export interface Engine {
  db: DatabaseSync
  committer: Committer
  now: () => number
  statement(sql: string): StatementSync
}

type Fields = Record<string, unknown>

/** One collection of the embedded engine. `table` tells how its table stands in the file at the time of asking. */
export function sqliteCollection<T extends Doc>(
  engine: Engine,
  declaration: Declaration<T>,
  askable: Askable,
  table: () => Table,
): Collection<T> {
  const { now, statement } = engine
  const { name, shape } = declaration
  const read = <R>(step: () => R): Promise<R> => patiently(step)
  const { write } = engine.committer

  const select = statement(`SELECT doc FROM "${name}" WHERE id = ? AND ${LIVE}`)
  const held = (id: string): string | undefined => (select.get(id, now()) as { doc: string } | undefined)?.doc

  /** Runs a statement that would store this document; where it meets a unique index, those past their time make room first. */
  const storing = (doc: T, fresh: boolean, run: () => unknown): void => {
    try {
      run()
    } catch (fault) {
      if (!isTaken(fault)) throw fault
      makeRoom(doc, fresh ? ['id', ...table().unique] : table().unique)
      run()
    }
  }
  const makeRoom = (doc: T, fields: readonly string[]): void => {
    for (const field of fields) {
      const value = bound(field, (doc as Fields)[field])
      if (value === null) continue
      const holder = statement(`SELECT id, ${LIVE} AS live FROM "${name}" WHERE ${column(field)} = ?`).get(
        now(),
        value,
      ) as { id: string; live: number } | undefined
      if (holder === undefined || (field !== 'id' && holder.id === doc.id)) continue
      if (holder.live) throw new Conflict(name, field)
      statement(`DELETE FROM "${name}" WHERE id = ?`).run(holder.id)
    }
  }

  const add = (doc: T, text: string, replace: boolean): void => {
    const { fields } = table()
    const columns = ['doc', ...fields.map(column), 'expires']
    const values: Bound[] = [text, ...fields.map(field => bound(field, (doc as Fields)[field])), doc.expiresAt ?? null]
    const instead = replace
      ? ` ON CONFLICT (id) DO UPDATE SET ${columns.map(each => `${each} = excluded.${each}`).join(', ')}`
      : ''
    const sql = `INSERT INTO "${name}" (id, ${columns.join(', ')}) VALUES (?${', ?'.repeat(columns.length)})${instead}`
    storing(doc, !replace, () => statement(sql).run(doc.id, ...values))
  }

  /** Writes a changed document over its row: only the columns of the fields that changed. */
  const save = (doc: T, changed: readonly string[]): void => {
    const fields = [...table().fields, 'expiresAt'].filter(field => changed.includes(field))
    const sql = `UPDATE "${name}" SET ${['doc', ...fields.map(column)].map(each => `${each} = ?`).join(', ')} WHERE id = ?`
    const values = fields.map(field => bound(field, (doc as Fields)[field]))
    storing(doc, false, () => statement(sql).run(JSON.stringify(doc), ...values, doc.id))
  }

  const following = (by: string, descending: boolean, after: string): Clause => {
    const holder = `SELECT ${column(by)} AS at FROM "${name}" WHERE id = ? AND ${LIVE}`
    const last = by === 'id' ? { at: after } : (statement(holder).get(after, now()) as { at: Bound } | undefined)
    if (last === undefined) throw new Problem('not_found')
    const { sql, values } = beyond(by, descending, after, last.at)
    return { sql: ` AND ${sql}`, values }
  }

  return {
    async insert(doc) {
      const sound = shape.parse(doc)
      const text = JSON.stringify(sound)
      return write(() => add(sound, text, false))
    },
    async put(doc) {
      const sound = shape.parse(doc)
      const text = JSON.stringify(sound)
      return write(() => add(sound, text, true))
    },
    async get(id) {
      const text = await read(() => held(id))
      return text === undefined ? undefined : JSON.parse(text)
    },
    async find(where: Where<T>, { sort, limit = 100, after }: Page<T> = {}) {
      const asked = questions(where)
      const by = sort?.by ?? 'id'
      const descending = sort?.descending ?? false
      askable.check(asked, by, limit)
      return read(() => {
        const { sql, values } = matching(asked, now())
        const rest = after === undefined ? { sql: '', values: [] } : following(by, descending, after)
        const rows = statement(
          `SELECT doc FROM "${name}" WHERE ${sql}${rest.sql} ORDER BY ${order(by, descending)} LIMIT ?`,
        ).all(...values, ...rest.values, limit)
        return rows.map(row => JSON.parse((row as { doc: string }).doc))
      })
    },
    async patch(id, changes, when) {
      const asked = questions(when)
      if ((changes.id ?? id) !== id) throw new TypeError(`${name}: an id does not change`)
      const { id: _, ...rest } = changes
      return write(() => {
        const text = held(id)
        if (text === undefined) return undefined
        const before: T = JSON.parse(text)
        if (!meets(before, asked)) return undefined
        const doc: T = { ...before, ...rest }
        const changed = Object.keys(rest)
        for (const key of changed) if ((doc as Fields)[key] === undefined) delete (doc as Fields)[key]
        save(doc, changed)
        return doc
      })
    },
    async count(id, field, by, born) {
      const fresh = (): number => {
        const start = Number((born as Fields)[field] ?? 0) + by
        const doc = shape.parse({ ...born, id, [field]: start })
        add(doc, JSON.stringify(doc), false)
        return start
      }
      return write(() => {
        const text = held(id)
        if (text === undefined) return fresh()
        const doc: T = JSON.parse(text)
        const { [field]: before = 0 } = doc as Fields
        if (typeof before !== 'number') throw new TypeError(`${name}: ${field} is not a number`)
        ;(doc as Fields)[field] = before + by
        save(doc, [field])
        return before + by
      })
    },
    async take(id) {
      return write(() => {
        const row = statement(`DELETE FROM "${name}" WHERE id = ? AND ${LIVE} RETURNING doc`).get(id, now()) as
          | { doc: string }
          | undefined
        return row && JSON.parse(row.doc)
      })
    },
    async remove(where) {
      const asked = questions(where)
      askable.check(asked)
      return write(() => {
        const { sql, values } = matching(asked, now())
        return Number(statement(`DELETE FROM "${name}" WHERE ${sql}`).run(...values).changes)
      })
    },
  }
}
