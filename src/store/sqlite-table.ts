import type { DatabaseSync } from 'node:sqlite'
import type { Askable } from './conditions.ts'

/** A table as it stands in the file: its fields may be more than this program declares, when a newer one shares the file. */
export interface Table {
  name: string
  fields: readonly string[]
  unique: readonly string[]
}

/** The column that holds a field. A dot sets fields apart from the engine's own columns. */
export function column(field: string): string {
  if (field === 'id') return 'id'
  return field === 'expiresAt' ? 'expires' : `".${field}"`
}

/** Creates the table, its columns and its indexes where they are missing. Call it inside a transaction. */
export function prepareTable(db: DatabaseSync, name: string, { fields, unique, indexes }: Askable): void {
  db.exec(`CREATE TABLE IF NOT EXISTS "${name}" (id TEXT NOT NULL PRIMARY KEY, doc TEXT NOT NULL, expires INTEGER)`)
  db.exec(`CREATE INDEX IF NOT EXISTS "${name}:" ON "${name}" (expires) WHERE expires IS NOT NULL`)
  const held = new Set(readTable(db, name).fields)
  const fresh = fields.filter(field => field !== 'expiresAt' && !held.has(field))
  for (const field of fresh) db.exec(`ALTER TABLE "${name}" ADD COLUMN ${column(field)}`)
  if (fresh.length > 0)
    db.exec(`UPDATE "${name}" SET ${fresh.map(field => `${column(field)} = doc ->> '$."${field}"'`).join(', ')}`)
  for (const field of unique)
    db.exec(`CREATE UNIQUE INDEX IF NOT EXISTS "${name}:${field}!" ON "${name}" (${column(field)})`)
  for (const index of indexes) {
    db.exec(`CREATE INDEX IF NOT EXISTS "${name}:${index.join('+')}" ON "${name}" (${index.map(column).join(', ')})`)
  }
}

/** Which fields have columns, and which of those are unique: every writer of the file keeps them all, so that old and new programs may run at once. */
export function readTable(db: DatabaseSync, name: string): Table {
  const columns = db.prepare('SELECT name FROM pragma_table_info(?)').all(name) as { name: string }[]
  const unique = db
    .prepare(
      'SELECT c.name FROM pragma_index_list(?) i, pragma_index_info(i.name) c WHERE i."unique" AND i.origin = \'c\' ORDER BY i.seq DESC',
    )
    .all(name) as { name: string }[]
  const fields = (rows: { name: string }[]) =>
    rows.filter(row => row.name.startsWith('.')).map(row => row.name.slice(1))
  return { name, fields: fields(columns), unique: fields(unique) }
}
