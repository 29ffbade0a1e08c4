import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Collection, Declaration, Doc, Opening, Store } from './collection.ts'
import { askable } from './conditions.ts'
import { type Engine, sqliteCollection } from './sqlite-collection.ts'
import { patiently, unavailable } from './sqlite-fault.ts'
import { sweeper } from './sqlite-sweep.ts'
import { prepareTable } from './sqlite-table.ts'
import { localWriter, threadedWriter } from './sqlite-writer.ts'

/** How long one call may block the event loop for another process, in milliseconds; beyond it the wait is asynchronous. */
const BLOCK = 5
/** The same while tables are made, which is rare and cannot wait otherwise. */
const BLOCK_TABLES = 5_000

/** Lists the tables of a file, each a collection. */
export const namesOfTables =
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"

/**
 * Opens the embedded engine on a file, or on `:memory:`. Every write is on disk before it is acknowledged, power loss included; a
 * thread of its own makes them, and this one only reads. Several processes may share the file. Throws Problem `unavailable` where it cannot be opened.
 */
export async function openSqlite(path: string, { now, sweep = true }: Opening): Promise<Store> {
  const db = await open(path)
  const statements = new Map<string, StatementSync>()
  const statement = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known) return known
    const made = db.prepare(sql)
    statements.set(sql, made)
    return made
  }

  const tables = new Set<string>()
  const collections = new Map<unknown, unknown>()
  const writer = path === ':memory:' ? localWriter(db) : threadedWriter(path)
  const engine: Engine = { now, statement, writer }
  const sweeping = sweep ? sweeper(writer, now, () => [...tables]) : undefined

  return {
    collection<T extends Doc>(declaration: Declaration<T>): Collection<T> {
      const known = collections.get(declaration)
      if (known) return known as Collection<T>
      const { name } = declaration
      const asks = askable(declaration)
      try {
        db.exec(`PRAGMA busy_timeout = ${BLOCK_TABLES}; BEGIN IMMEDIATE`)
        prepareTable(db, name, asks)
        db.exec('COMMIT')
        tables.add(name)
      } catch (fault) {
        if (db.isOpen && db.isTransaction) db.exec('ROLLBACK')
        throw unavailable(fault)
      } finally {
        if (db.isOpen) db.exec(`PRAGMA busy_timeout = ${BLOCK}`)
      }
      const made = sqliteCollection(engine, declaration, asks)
      collections.set(declaration, made)
      return made
    },
    commitsTogether: true,
    async names() {
      return (await patiently(() => statement(namesOfTables).all())).map(row => String(row.name))
    },
    async close() {
      sweeping?.stop()
      await writer.finish()
      if (db.isOpen) db.close()
    },
  }
}

async function open(path: string): Promise<DatabaseSync> {
  const db = await patiently(() => new DatabaseSync(path, { timeout: BLOCK }))
  try {
    // Two processes that start together may both turn WAL on; the engine refuses one at once instead of waiting.
    await patiently(() => db.exec('PRAGMA journal_mode = WAL'))
    // FULL flushes the log at each commit; on macOS only a full flush reaches the disk itself.
    db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON')
    // The log is copied into the file twice as often as by default: each copy holds up the event loop half as long.
    db.exec('PRAGMA wal_autocheckpoint = 500; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY')
    return db
  } catch (fault) {
    db.close()
    throw fault
  }
}
