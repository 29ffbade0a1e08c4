import { setTimeout as wait } from 'node:timers/promises'
import mongoose from 'mongoose'
import pg from 'pg'
import { Problem } from '../../src/errors.ts'
import type { Collection, Doc, Store } from '../../src/store/collection.ts'
import { openStore } from '../../src/store/open.ts'

let opened = 0

/** The URL of a fresh, empty database on the server that LATCHKEY_TEST_MONGO names; undefined when it names none. */
export function freshMongo(): string | undefined {
  const server = process.env.LATCHKEY_TEST_MONGO
  if (!server) return undefined
  const url = new URL(server)
  url.pathname = `/latchkey-test-${process.pid}-${Date.now().toString(36)}-${opened++}`
  return url.href
}

/** Drops the database that a URL names. */
export async function dropMongo(url: string): Promise<void> {
  const connection = await mongoose.createConnection(url).asPromise()
  await connection.dropDatabase()
  await connection.close()
}

/** Returns the URL of a schema that is not there yet on the server that LATCHKEY_TEST_POSTGRES names; undefined when it names none. */
export function freshPostgres(): string | undefined {
  const server = process.env.LATCHKEY_TEST_POSTGRES
  if (!server) return undefined
  const schema = `latchkey_test_${process.pid}_${Date.now().toString(36)}_${opened++}`
  const url = new URL(server)
  url.searchParams.set('options', `-c search_path=${schema}`)
  return url.href
}

/** Drops the schema that a URL of `freshPostgres` names. */
export async function dropPostgres(url: string): Promise<void> {
  const server = new URL(url)
  const schema = server.searchParams.get('options')?.replace('-c search_path=', '')
  server.searchParams.delete('options')
  const client = new pg.Client({ connectionString: server.href })
  await client.connect()
  try {
    await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`)
  } finally {
    await client.end()
  }
}

/** A database of the engine under test that several processes may open, and what removes it. */
export interface Database {
  url: string
  drop(): Promise<void>
}

/** Returns a fresh database of the engine that LATCHKEY_TEST_STORE names: a file in the folder where that is the embedded one. */
export function testDatabase(folder: string): Database {
  const engine = process.env.LATCHKEY_TEST_STORE
  if (engine === undefined || engine === 'sqlite') return { url: `sqlite:${folder}/store.db`, drop: async () => {} }
  const [url, drop] = engine === 'postgres' ? [freshPostgres(), dropPostgres] : [freshMongo(), dropMongo]
  if (url === undefined) throw new Error(`LATCHKEY_TEST_STORE=${engine} needs LATCHKEY_TEST_${engine.toUpperCase()}`)
  return { url, drop: () => drop(url) }
}

/** A fresh store on the engine under test; what it held is gone once it is closed. */
export async function testStore(now: () => number = Date.now): Promise<Store> {
  const embedded = ['sqlite', undefined].includes(process.env.LATCHKEY_TEST_STORE)
  const { url, drop } = embedded ? { url: 'sqlite::memory:', drop: async () => {} } : testDatabase('')
  const store = await openStore(url, { now, sweep: false })
  return {
    ...store,
    async close() {
      await store.close()
      await drop()
    },
  }
}

/** The same store, over a slow line of `ms` for as long as `when` says so. */
export function sometimesSlow(store: Store, ms: number, when: () => boolean): Store {
  const late = slow(store, ms)
  return {
    ...store,
    collection<T extends Doc>(declaration: Parameters<typeof store.collection<T>>[0]): Collection<T> {
      const [quick, patient] = [store.collection(declaration), late.collection(declaration)]
      const pick = (): Collection<T> => (when() ? patient : quick)
      return {
        insert: doc => pick().insert(doc),
        put: doc => pick().put(doc),
        get: id => pick().get(id),
        find: (where, page) => pick().find(where, page),
        patch: (id, changes, when) => pick().patch(id, changes, when),
        count: (id, field, by, born) => pick().count(id, field, by, born),
        take: id => pick().take(id),
        remove: where => pick().remove(where),
      }
    },
  }
}

/** The same store over a slow line: each verb waits `ms` before and after it touches the engine, so that races show. */
export function slow(store: Store, ms: number): Store {
  const late = async <R>(touch: () => Promise<R>): Promise<R> => {
    await wait(ms)
    try {
      return await touch()
    } finally {
      await wait(ms)
    }
  }
  return {
    collection<T extends Doc>(declaration: Parameters<typeof store.collection<T>>[0]): Collection<T> {
      const inner = store.collection(declaration)
      return {
        insert: doc => late(() => inner.insert(doc)),
        put: doc => late(() => inner.put(doc)),
        get: id => late(() => inner.get(id)),
        find: (where, page) => late(() => inner.find(where, page)),
        patch: (id, changes, when) => late(() => inner.patch(id, changes, when)),
        count: (id, field, by, born) => late(() => inner.count(id, field, by, born)),
        take: id => late(() => inner.take(id)),
        remove: where => late(() => inner.remove(where)),
      }
    },
    commitsTogether: store.commitsTogether,
    names: () => store.names(),
    close: () => store.close(),
  }
}

/** A store that can be taken away: every verb is refused until it is back, by a Problem or by an error of one's own. */
export function removable(store: Store): { store: Store; away(gone: boolean | Error): void } {
  let gone: boolean | Error = false
  const there = <T extends object>(inner: T): T =>
    new Proxy(inner, {
      get: (target, name) => {
        const found = Reflect.get(target, name)
        if (typeof found !== 'function' || name === 'collection' || name === 'close') return found
        return async (...given: unknown[]) => {
          if (gone instanceof Error) throw gone
          if (gone) throw new Problem('unavailable', { retryAfter: 1, cause: new Error('the store is away') })
          return Reflect.apply(found, target, given)
        }
      },
    })
  return {
    store: { ...store, collection: declaration => there(store.collection(declaration)) },
    away: now => {
      gone = now
    },
  }
}
