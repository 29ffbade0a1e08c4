import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Problem } from '../errors.ts'
import type { Doc } from './collection.ts'
import { namesOfTables } from './sqlite.ts'

/** A store as it is read for a copy or a check: nothing is created, changed or swept. */
export interface Snapshot {
  engine: 'sqlite' | 'postgres' | 'mongo'
  /** The names of all collections, those included that this program does not declare. */
  names(): Promise<string[]>
  /** Every live document of a collection, in the order of their ids. */
  documents(name: string): AsyncIterable<Doc>
  close(): Promise<void>
}

/** Documents that are fetched at a time. */
const page = 500
/** Milliseconds to reach a database. */
const patience = 2_000

/**
 * Opens a read-only view of the store that a URL names. SQLite and PostgreSQL show one moment, however long it is read; MongoDB shows
 * each document as it is when it is read. Resolves to undefined where there is no file yet. Throws Problem `unavailable`, and
 * TypeError for a store in memory.
 */
export async function openSnapshot(url: string, now: number): Promise<Snapshot | undefined> {
  if (/^mongodb(\+srv)?:/.test(url)) return mongoSnapshot(url, now)
  if (/^postgres(ql)?:/.test(url)) return postgresSnapshot(url, now)
  const path = url.slice('sqlite:'.length)
  if (path === ':memory:') throw new TypeError('a store in memory can be read by its own process only')
  return existsSync(path) ? reaching(async () => sqliteSnapshot(path, now)) : undefined
}

/** Resolves to the schema version of a store, which is the number of migrations it has seen; undefined for an empty one. */
export async function schemaOf(snapshot: Snapshot): Promise<number | undefined> {
  if (!(await snapshot.names()).includes('schema')) return undefined
  for await (const each of snapshot.documents('schema') as AsyncIterable<Doc & { version?: number }>)
    if (each.id === 'version') return each.version
  return undefined
}

function sqliteSnapshot(path: string, now: number): Snapshot {
  const db = new DatabaseSync(path, { readOnly: true, timeout: patience })
  try {
    // The first read fixes the moment (sqlite.org/isolation.html).
    db.exec('BEGIN; SELECT count(*) FROM sqlite_master')
  } catch (fault) {
    db.close()
    throw fault
  }
  return {
    engine: 'sqlite',
    names: async () =>
      db
        .prepare(namesOfTables)
        .all()
        .map(row => String(row.name)),
    async *documents(name) {
      const rows = db.prepare(`SELECT doc FROM "${name}" WHERE expires IS NULL OR expires > ? ORDER BY id`).iterate(now)
      for (const { doc } of rows) yield JSON.parse(String(doc))
    },
    close: async () => db.close(),
  }
}

async function postgresSnapshot(url: string, now: number): Promise<Snapshot> {
  const [{ default: pg }, shape] = await Promise.all([import('pg'), import('./postgres-shape.ts')])
  const client = new pg.Client({
    ...{ connectionString: url, connectionTimeoutMillis: patience, application_name: 'latchkey' },
  })
  client.on('error', () => undefined)
  const rows = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> =>
    (await client.query(sql, values)).rows
  await reaching(async () => {
    await client.connect()
    await rows('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  })
  return {
    engine: 'postgres',
    names: async () => (await reaching(() => rows(shape.namesOfTables))).map(row => String(row.name)),
    async *documents(name) {
      const live = `SELECT doc::text FROM "${name}" WHERE expires IS NULL OR expires > ${Math.floor(now)} ORDER BY id`
      await reaching(() => rows(`DECLARE reading NO SCROLL CURSOR FOR ${live}`))
      try {
        for (let found = page; found === page; ) {
          const fetched = await reaching(() => rows(`FETCH ${page} FROM reading`))
          for (const { doc } of fetched) yield shape.fromJsonb<Doc>(String(doc))
          found = fetched.length
        }
      } finally {
        // The reader may stop early. After a lost connection there is nothing to close.
        await rows('CLOSE reading').catch(() => undefined)
      }
    },
    close: () => client.end(),
  }
}

async function mongoSnapshot(url: string, now: number): Promise<Snapshot> {
  const [{ default: mongoose }, { fromRaw, live, namesOf }] = await Promise.all([
    import('mongoose'),
    import('./mongo-shape.ts'),
  ])
  const connection = mongoose.createConnection(url, {
    ...{ serverSelectionTimeoutMS: patience, connectTimeoutMS: patience, autoIndex: false, autoCreate: false },
    readPreference: 'primary',
  })
  await reaching(() => connection.asPromise())
  return {
    engine: 'mongo',
    names: async () => namesOf(await reaching(() => connection.listCollections())),
    async *documents(name) {
      const cursor = connection.collection(name).find(live(now)).sort({ _id: 1 }).batchSize(page)
      try {
        for (let raw = await reaching(() => cursor.next()); raw; raw = await reaching(() => cursor.next()))
          yield fromRaw<Doc>(raw)
      } finally {
        await cursor.close()
      }
    },
    close: () => connection.close(),
  }
}

async function reaching<R>(step: () => Promise<R>): Promise<R> {
  try {
    return await step()
  } catch (cause) {
    throw new Problem('unavailable', { cause })
  }
}
