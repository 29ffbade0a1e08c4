import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { Problem } from '../errors.ts'
import type { Collection, Declaration, Doc, Opening, Store } from './collection.ts'
import { askable } from './conditions.ts'
import { postgresCollection, type Query } from './postgres-collection.ts'
import { namesOfTables } from './postgres-shape.ts'
import { prepareTable } from './postgres-table.ts'

/** Milliseconds for which the server may work on one statement, and for which anybody waits for its answer. */
const STATEMENT = 4_000
const ANSWER = 4_500
/** Milliseconds to connect, or to get one of the connections that are there. */
const CONNECT = 2_000
/** Connections of one process: for what lasts, and for what is transient. */
const LASTING = 10
const TRANSIENT = 4
/** Milliseconds between two rounds of sweeping, give or take a quarter: several machines do not sweep in step. */
const SWEEP = 30_000
/** Rows that one statement of a round removes. */
const FEW = 500
/** Runs of one statement that the server gave up in favour of another's (PostgreSQL, appendix A: class 40). */
const TRIES = 5

const isServers = (fault: unknown): fault is pg.DatabaseError => fault instanceof pg.DatabaseError
/** Tells whether it is about the statement, and not about the server's or the connection's health. */
const isAboutStatement = (fault: unknown): boolean => isServers(fault) && /^(22|23|42)/.test(fault.code ?? '')
/** What `IF NOT EXISTS` still says in a race: unique_violation, duplicate_schema. */
const alreadyThere = new Set(['23505', '42P06'])
const lostRace = (fault: unknown): boolean => isServers(fault) && /^40/.test(fault.code ?? '')

const unavailable = (cause: unknown): Problem => new Problem('unavailable', { retryAfter: 1, cause })

/**
 * Opens a PostgreSQL database (15 or newer, encoded as UTF-8). A write is acknowledged once the server has it on disk, and on its
 * synchronous standbys if it has any. Throws Problem `unavailable` while the server cannot be reached, after two seconds, or
 * hangs, after four and a half, and works again by itself when the server does.
 */
export async function openPostgres(url: string, { now, sweep = true }: Opening): Promise<Store> {
  const lasting = connections(url, LASTING)
  // What is transient is acknowledged before it is on disk; the next write that is not takes it along, for there is one log.
  const transient = connections(url, TRANSIENT)
  transient.on('connect', client => void client.query('SET synchronous_commit = off').catch(() => undefined))

  /** Statements by name: the server parses and plans each once for a connection. */
  const names = new Map<string, string>()
  const nameOf = (sql: string): string => {
    const name = names.get(sql) ?? `latchkey-${names.size}`
    names.set(sql, name)
    return name
  }
  /** When each connection was made, and when a statement began that got no answer. */
  const made = new WeakMap<pg.PoolClient, number>()
  let silent = Number.NEGATIVE_INFINITY
  for (const pool of [lasting, transient]) pool.on('connect', client => made.set(client, performance.now()))
  /** Resolves to a connection that is newer than the last silence: a network that forgets one forgets all, and each would cost somebody their request. */
  const connected = async (pool: pg.Pool): Promise<pg.PoolClient> => {
    for (;;) {
      const client = await pool.connect().catch(fault => {
        throw unavailable(fault)
      })
      if ((made.get(client) ?? silent) > silent) return client
      client.release(true)
    }
  }
  /** Lends a connection to some work, and drops it where it may be at fault. */
  const lend = async <R>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<R>): Promise<R> => {
    const client = await connected(pool)
    const begun = performance.now()
    try {
      const result = await work(client)
      client.release()
      return result
    } catch (fault) {
      if (!isServers(fault)) silent = Math.max(silent, begun)
      client.release(!isAboutStatement(fault) && !lostRace(fault))
      throw isAboutStatement(fault) || lostRace(fault) ? fault : unavailable(fault)
    }
  }
  const querying =
    (pool: pg.Pool): Query =>
    async (text, values) => {
      for (let tries = 1; ; tries++) {
        try {
          const { rows, rowCount } = await lend(pool, client =>
            client.query({ name: nameOf(text), text, values: [...values] }),
          )
          return { rows, changed: rowCount ?? 0 }
        } catch (fault) {
          if (!lostRace(fault)) throw fault
          if (tries === TRIES) throw unavailable(fault)
        }
      }
    }

  const queries = { lasting: querying(lasting), transient: querying(transient) }
  const query = queries.lasting
  const end = async (): Promise<void> => {
    await Promise.all([lasting.end(), transient.end()])
  }

  try {
    await fitting(query)
  } catch (fault) {
    await end()
    throw fault
  }

  const collections = new Map<Declaration<never>, Collection<never>>()
  const tables = new Map<string, Swept>()
  const stopped = new AbortController()
  if (sweep) sweeping(() => [...tables.values()], query, now, stopped.signal).catch(() => undefined)
  let closing: Promise<void> | undefined

  return {
    collection<T extends Doc>(declaration: Declaration<T>): Collection<T> {
      const known = collections.get(declaration as unknown as Declaration<never>)
      if (known) return known as unknown as Collection<T>
      const { name } = declaration
      const asks = askable(declaration)
      let preparing: Promise<void> | undefined
      const ready = (): Promise<void> => {
        preparing ??= lend(lasting, client => prepareTable(client, name, asks)).catch(fault => {
          preparing = undefined
          throw fault
        })
        return preparing
      }
      const made = postgresCollection(queries, declaration, asks, now, ready)
      tables.set(name, { name, ready })
      collections.set(declaration as unknown as Declaration<never>, made as unknown as Collection<never>)
      return made
    },
    commitsTogether: false,
    async names() {
      return (await query(namesOfTables, [])).rows.map(row => String(row.name))
    },
    close() {
      stopped.abort()
      closing ??= end()
      return closing
    },
  }
}

/** Opens so many connections at most, each when it is needed, and replaces those that break. */
function connections(url: string, max: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECT,
    query_timeout: ANSWER,
    statement_timeout: STATEMENT,
    keepAlive: true,
    application_name: 'latchkey',
    allowExitOnIdle: true,
  })
  // A connection that breaks while nobody uses it is replaced when the next one is asked for.
  pool.on('error', () => undefined)
  // One that breaks while it is used says so to its statement; without a listener it would end the process as well.
  pool.on('connect', client => client.on('error', () => undefined))
  return pool
}

/** Checks what the database promises, and makes the schema that the URL names where it is missing. Throws TypeError. */
async function fitting(query: Query): Promise<void> {
  const setting = async (sql: string): Promise<string> => String((await query(`SELECT ${sql} AS is`, [])).rows[0]?.is)
  const encoding = await setting("current_setting('server_encoding')")
  if (encoding !== 'UTF8') throw new TypeError(`the database is encoded as ${encoding}; Latchkey needs UTF8`)
  const commits = await setting("current_setting('synchronous_commit')")
  if (commits === 'off' || commits === 'local')
    throw new TypeError(`the database acknowledges writes too early (synchronous_commit is ${commits}): set it to on`)
  const path = await setting("current_setting('search_path')")
  if ((await setting('current_schema() IS NULL')) !== 'true') return
  if (!/^[a-z_][a-z0-9_]*$/.test(path)) throw new TypeError(`the database has no schema of its search_path ${path}`)
  await query(`CREATE SCHEMA IF NOT EXISTS ${path}`, []).catch(fault => {
    // Another program has made it since this statement looked.
    if (!isServers(fault) || !alreadyThere.has(fault.code ?? '')) throw fault
  })
}

/** A table that is swept once it is ready. */
interface Swept {
  name: string
  ready(): Promise<void>
}

/** Removes what has expired, now and then, beside others who do the same. It keeps no process alive. */
async function sweeping(tables: () => Swept[], query: Query, now: () => number, signal: AbortSignal): Promise<void> {
  for (;;) {
    await wait(SWEEP * (0.75 + Math.random() / 2), undefined, { ref: false, signal })
    // A failed round is no fault of anybody's request: the next one tries again.
    for (const each of tables()) await sweepTable(each, query, now, signal).catch(() => undefined)
  }
}

/** Removes what has expired from one table, a few rows at a time, so that nobody waits for it. */
export async function sweepTable(
  { name, ready }: Swept,
  query: Query,
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  const few = `SELECT ctid FROM "${name}" WHERE expires <= $1 LIMIT ${FEW} FOR UPDATE SKIP LOCKED`
  await ready()
  while (!signal.aborted) {
    const { changed } = await query(`DELETE FROM "${name}" WHERE ctid = ANY(ARRAY(${few}))`, [now()])
    if (changed < FEW) return
    await wait(10, undefined, { ref: false, signal })
  }
}
