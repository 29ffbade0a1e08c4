import type pg from 'pg'
import type { Askable } from './conditions.ts'
import { column, keyExpression } from './postgres-shape.ts'

/** The lock under which one process at a time makes tables: `latchkey` as a number. */
const LOCK = 7_811_887
/** Characters of an identifier (PostgreSQL, 4.1.1: 63 bytes; what is longer is cut off without a word). */
const LONGEST = 63

/**
 * Makes the table of a collection, its generated columns and its indexes where they are missing. A program that declares more than
 * another adds to the same table, and since the database itself fills the columns, both may write to it at once.
 */
export async function prepareTable(client: pg.PoolClient, name: string, askable: Askable): Promise<void> {
  const wanted = wantedIn(name, askable)
  if ((await missing(client, name, wanted)).length === 0) return
  // An index on a large table takes as long as it takes.
  const patient = (text: string) => client.query({ text, query_timeout: 0 } as pg.QueryConfig)
  await client.query('BEGIN')
  try {
    await client.query('SET LOCAL statement_timeout = 0')
    await patient(`SELECT pg_advisory_xact_lock(${LOCK})`)
    await patient((await missing(client, name, wanted)).map(each => each.sql).join(';\n'))
    await client.query('COMMIT')
  } catch (fault) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw fault
  }
}

/** A part of a table, and the statement that makes it. */
interface Part {
  kind: 'table' | 'column' | 'index'
  name: string
  sql: string
}

function wantedIn(name: string, { fields, unique, indexes }: Askable): Part[] {
  const expires = `expires double precision GENERATED ALWAYS AS ((doc ->> 'expiresAt')::double precision) STORED`
  const columns = fields.map(
    field => `${column(field)} text COLLATE "C" GENERATED ALWAYS AS (${keyExpression(field)}) STORED`,
  )
  const index = (suffix: string, on: string, kind = 'INDEX', where = ''): Part => {
    const own = `${name}:${suffix}`
    if (own.length > LONGEST) throw new TypeError(`${own}: the name of an index has at most ${LONGEST} characters`)
    return { kind: 'index', name: own, sql: `CREATE ${kind} IF NOT EXISTS "${own}" ON "${name}" (${on})${where}` }
  }
  return [
    {
      ...{ kind: 'table', name },
      sql: `CREATE TABLE IF NOT EXISTS "${name}" (id text COLLATE "C" PRIMARY KEY, doc jsonb NOT NULL, ${[expires, ...columns].join(', ')})`,
    },
    ...fields.map((field, at) => ({
      ...{ kind: 'column' as const, name: `.${field}` },
      sql: `ALTER TABLE "${name}" ADD COLUMN IF NOT EXISTS ${columns[at]}`,
    })),
    index('', 'expires', 'INDEX', ' WHERE expires IS NOT NULL'),
    ...unique.map(field => index(`${field}!`, column(field), 'UNIQUE INDEX')),
    ...indexes.map(each =>
      index(each.join('+'), [...each.map(field => `${column(field)} NULLS FIRST`), 'id'].join(', ')),
    ),
  ]
}

async function missing(client: pg.PoolClient, name: string, wanted: readonly Part[]): Promise<Part[]> {
  const { rows } = await client.query(
    `SELECT 'table' AS kind, c.relname AS name FROM pg_class c WHERE c.oid = to_regclass(quote_ident($1))
     UNION ALL SELECT 'column', a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attnum > 0 AND NOT a.attisdropped
     UNION ALL SELECT 'index', i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = to_regclass(quote_ident($1)) AND x.indisvalid`,
    [name],
  )
  const there = new Set(rows.map(row => `${row.kind} ${row.name}`))
  return wanted.filter(each => !there.has(`${each.kind} ${each.name}`))
}
