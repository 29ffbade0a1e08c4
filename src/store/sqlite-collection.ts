import type { StatementSync } from 'node:sqlite'
import { Problem } from '../errors.ts'
import { type Collection, Conflict, type Declaration, type Doc, type Page, type Where } from './collection.ts'
import { type Askable, questions, scalar } from './conditions.ts'
import { patiently } from './sqlite-fault.ts'
import { type Bound, beyond, type Clause, LIVE, matching, order } from './sqlite-find.ts'
import type { Step } from './sqlite-steps.ts'
import { column } from './sqlite-table.ts'
import type { Writer } from './sqlite-writer.ts'

/** What the collections of one file share: a connection that reads, by its statements, and the one way to write. */
export interface Engine {
  now: () => number
  statement(sql: string): StatementSync
  writer: Writer
}

type Fields = Record<string, unknown>

/** One collection of the embedded engine: reads here, writes by way of its writer. */
export function sqliteCollection<T extends Doc>(
  { now, statement, writer }: Engine,
  { name, shape }: Declaration<T>,
  askable: Askable,
): Collection<T> {
  const select = statement(`SELECT doc FROM "${name}" WHERE id = ? AND ${LIVE}`)
  // An object of its own for each row takes a third as long as the read.
  select.setReturnArrays(true)

  const write = async (step: Step, transient?: boolean): Promise<string | number | undefined> => {
    const outcome = await writer.write(step, transient)
    if (outcome.is === 'done') return outcome.value
    if (outcome.is === 'conflict') throw new Conflict(name, outcome.field)
    throw new TypeError(`${name}: only a number can be counted`)
  }
  const parsed = (text: string | number | undefined): T | undefined =>
    text === undefined ? undefined : JSON.parse(text as string)
  const checkIndexed = (doc: object): void => {
    for (const each of askable.fields) scalar(each, (doc as Fields)[each])
  }
  /** The text of a document that fits its shape, as it is now, whatever becomes of the object later. */
  const sound = (doc: T): string => {
    const fit = shape.parse(doc)
    checkIndexed(fit)
    return JSON.stringify(fit)
  }

  const following = (by: string, descending: boolean, after: string): Clause => {
    const holder = `SELECT ${column(by)} AS at FROM "${name}" WHERE id = ? AND ${LIVE}`
    const last = by === 'id' ? { at: after } : (statement(holder).get(after, now()) as { at: Bound } | undefined)
    if (last === undefined) throw new Problem('not_found')
    const { sql, values } = beyond(by, descending, after, last.at)
    return { sql: ` AND ${sql}`, values }
  }

  return {
    async insert(doc, transient) {
      await write({ verb: 'add', table: name, now: now(), doc: sound(doc), replace: false }, transient)
    },
    async put(doc, transient) {
      await write({ verb: 'add', table: name, now: now(), doc: sound(doc), replace: true }, transient)
    },
    get: id => patiently(() => parsed((select.get(id, now()) as [string] | undefined)?.[0])),
    async find(where: Where<T>, { sort, limit = 100, after }: Page<T> = {}) {
      const asked = questions(where)
      const by = sort?.by ?? 'id'
      const descending = sort?.descending ?? false
      askable.check(asked, by, limit)
      return patiently(() => {
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
      checkIndexed(rest)
      const unset = Object.entries(rest).flatMap(([field, value]) => (value === undefined ? [field] : []))
      const step = {
        verb: 'patch' as const,
        table: name,
        now: now(),
        id,
        set: JSON.stringify(rest),
        unset,
        when: asked,
      }
      return parsed(await write(step))
    },
    async count(id, field, by, born, transient) {
      const start = Number((born as Fields)[field] ?? 0) + by
      const fresh = shape.safeParse({ ...born, id, [field]: start })
      if (fresh.success) checkIndexed(fresh.data)
      const text = fresh.success ? JSON.stringify(fresh.data) : undefined
      const step = { verb: 'count' as const, table: name, now: now(), id, field, by, born: text }
      const outcome = await writer.write(step, transient)
      if (outcome.is === 'done') return outcome.value as number
      if (outcome.is === 'conflict') throw new Conflict(name, outcome.field)
      throw outcome.is === 'unfit' ? fresh.error : new TypeError(`${name}: ${field} is not a number`)
    },
    async take(id) {
      return parsed(await write({ verb: 'take', table: name, now: now(), id }))
    },
    async remove(where) {
      const asked = questions(where)
      askable.check(asked)
      return (await write({ verb: 'remove', table: name, where: matching(asked, now()) })) as number
    },
  }
}
