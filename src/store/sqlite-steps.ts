import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type Asked, meets } from './conditions.ts'
import { isEngines, isTaken } from './sqlite-fault.ts'
import { type Bound, bound, type Clause, LIVE } from './sqlite-find.ts'
import { column, readTable, type Table } from './sqlite-table.ts'

/** One write, as it is told to the thread that makes it. Times are milliseconds since the epoch; documents are their JSON text. */
export type Step =
  | { verb: 'add'; table: string; now: number; doc: string; replace: boolean }
  | { verb: 'patch'; table: string; now: number; id: string; set: string; unset: string[]; when: Asked[] }
  | { verb: 'count'; table: string; now: number; id: string; field: string; by: number; born: string | undefined }
  | { verb: 'take'; table: string; now: number; id: string }
  | { verb: 'remove'; table: string; where: Clause }
  | { verb: 'sweep'; table: string; now: number; rows: number }

type Write = Exclude<Step, { verb: 'sweep' }>

/** What came of a step. `unfit`: there was nothing to count, and what was to be born there does not fit its shape. */
export type Outcome =
  | { is: 'done'; value: string | number | undefined }
  | { is: 'conflict'; field: string }
  | { is: 'uncountable' | 'unfit' }
  | { is: 'failed'; why: string }

type Fields = Record<string, unknown> & { id: string; expiresAt?: number }

/** A live document, or one of another id, holds a unique value. */
class Taken extends Error {
  readonly field: string
  constructor(field: string) {
    super(field)
    this.field = field
  }
}

const done = (value?: string | number): Outcome => ({ is: 'done', value })

/**
 * Returns a function that runs steps on the one connection that writes: all that are given together in one transaction, which is on disk when
 * it returns, unless they are transient. What one step ends in harms no other; a failure of the engine
 * fails them all, and has changed nothing.
 */
export function stepper(db: DatabaseSync): (steps: readonly Step[], transient?: boolean) => Outcome[] {
  const statements = new Map<string, StatementSync>()
  const statement = (sql: string): StatementSync => {
    const known = statements.get(sql) ?? db.prepare(sql)
    statements.set(sql, known)
    return known
  }
  const [begin, commit, version] = ['BEGIN IMMEDIATE', 'COMMIT', 'PRAGMA schema_version'].map(sql =>
    db.prepare(sql),
  ) as [StatementSync, StatementSync, StatementSync]
  const tables = new Map<string, Table>()
  let seen = 0
  /** Forgets what it knows of the tables when a program has changed one. */
  const refresh = (): void => {
    const { schema_version } = version.get() as { schema_version: number }
    if (schema_version !== seen) tables.clear()
    seen = schema_version
  }
  const tableOf = (name: string): Table => {
    const known = tables.get(name) ?? readTable(db, name)
    tables.set(name, known)
    return known
  }

  let synced: boolean | undefined
  /** Sets whether commits wait for the disk; those that do take all earlier ones along. */
  const sync = (wanted: boolean): void => {
    if (wanted !== synced) db.exec(`PRAGMA synchronous = ${wanted ? 'FULL' : 'NORMAL'}`)
    synced = wanted
  }

  /** Runs a statement that would store this document; where it meets a unique index, those past their time make room first. */
  const storing = (name: string, now: number, doc: Fields, fields: readonly string[], run: () => unknown): void => {
    try {
      run()
    } catch (fault) {
      if (!isTaken(fault)) throw fault
      for (const field of fields) makeRoom(name, now, doc, field)
      run()
    }
  }
  const makeRoom = (name: string, now: number, doc: Fields, field: string): void => {
    const value = bound(field, doc[field])
    if (value === null) return
    const holder = statement(`SELECT id, ${LIVE} AS live FROM "${name}" WHERE ${column(field)} = ?`).get(now, value) as
      | { id: string; live: number }
      | undefined
    if (holder === undefined || (field !== 'id' && holder.id === doc.id)) return
    if (holder.live) throw new Taken(field)
    statement(`DELETE FROM "${name}" WHERE id = ?`).run(holder.id)
  }

  const add = (name: string, now: number, text: string, replace: boolean): void => {
    const { fields, unique } = tableOf(name)
    const doc: Fields = JSON.parse(text)
    const columns = ['doc', ...fields.map(column), 'expires']
    const values: Bound[] = [text, ...fields.map(field => bound(field, doc[field])), doc.expiresAt ?? null]
    const instead = replace
      ? ` ON CONFLICT (id) DO UPDATE SET ${columns.map(each => `${each} = excluded.${each}`).join(', ')}`
      : ''
    const sql = `INSERT INTO "${name}" (id, ${columns.join(', ')}) VALUES (?${', ?'.repeat(columns.length)})${instead}`
    storing(name, now, doc, replace ? unique : ['id', ...unique], () => statement(sql).run(doc.id, ...values))
  }
  /** Writes a changed document over its row: only the columns of the fields that changed. Returns its text. */
  const save = (name: string, now: number, doc: Fields, changed: readonly string[]): string => {
    const { fields, unique } = tableOf(name)
    const columns = [...fields, 'expiresAt'].filter(field => changed.includes(field))
    const sql = `UPDATE "${name}" SET ${['doc', ...columns.map(column)].map(each => `${each} = ?`).join(', ')} WHERE id = ?`
    const values = columns.map(field => bound(field, doc[field]))
    const text = JSON.stringify(doc)
    storing(name, now, doc, unique, () => statement(sql).run(text, ...values, doc.id))
    return text
  }
  const held = (name: string, id: string, now: number): Fields | undefined => {
    const row = statement(`SELECT doc FROM "${name}" WHERE id = ? AND ${LIVE}`).get(id, now)
    return row && JSON.parse((row as { doc: string }).doc)
  }

  const run = (step: Write): Outcome => {
    const { table } = step
    switch (step.verb) {
      case 'add':
        add(table, step.now, step.doc, step.replace)
        return done()
      case 'patch': {
        const before = held(table, step.id, step.now)
        if (!before || !meets(before, step.when)) return done()
        const set = JSON.parse(step.set)
        const doc: Fields = { ...before, ...set }
        for (const field of step.unset) delete doc[field]
        return done(save(table, step.now, doc, [...Object.keys(set), ...step.unset]))
      }
      case 'count': {
        const doc = held(table, step.id, step.now)
        if (!doc) {
          if (step.born === undefined) return { is: 'unfit' }
          add(table, step.now, step.born, false)
          return done(JSON.parse(step.born)[step.field])
        }
        const before = doc[step.field] ?? 0
        if (typeof before !== 'number') return { is: 'uncountable' }
        doc[step.field] = before + step.by
        save(table, step.now, doc, [step.field])
        return done(before + step.by)
      }
      case 'take': {
        const row = statement(`DELETE FROM "${table}" WHERE id = ? AND ${LIVE} RETURNING doc`).get(step.id, step.now)
        return done((row as { doc: string } | undefined)?.doc)
      }
      case 'remove':
        return done(
          Number(statement(`DELETE FROM "${table}" WHERE ${step.where.sql}`).run(...step.where.values).changes),
        )
    }
  }

  /** Removes some of what has expired, without waiting for the disk: what a power cut brings back has expired all the same. */
  const sweep = ({ table, now, rows }: Step & { verb: 'sweep' }): Outcome => {
    try {
      sync(false)
      const few = `SELECT rowid FROM "${table}" WHERE expires <= ? LIMIT ?`
      return done(Number(statement(`DELETE FROM "${table}" WHERE rowid IN (${few})`).run(now, rows).changes))
    } catch (fault) {
      return failed(fault)
    }
  }

  const failed = (fault: unknown): Outcome => ({ is: 'failed', why: String(fault) })
  const attempt = (step: Write): Outcome => {
    try {
      return run(step)
    } catch (fault) {
      if (fault instanceof Taken) return { is: 'conflict', field: fault.field }
      if (isEngines(fault)) throw fault
      return failed(fault)
    }
  }

  return (steps, transient = false) => {
    const outcomes = new Map<Step, Outcome>()
    const writes = steps.filter(step => step.verb !== 'sweep')
    try {
      if (writes.length > 0) {
        sync(!transient)
        begin.run()
        refresh()
        for (const step of writes) outcomes.set(step, attempt(step))
        commit.run()
      }
    } catch (fault) {
      if (db.isOpen && db.isTransaction) db.exec('ROLLBACK')
      for (const step of writes) outcomes.set(step, failed(fault))
    }
    return steps.map(step => (step.verb === 'sweep' ? sweep(step) : (outcomes.get(step) as Outcome)))
  }
}
