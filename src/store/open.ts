import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { Problem } from '../errors.ts'
import type { Opening, Store } from './collection.ts'
import { migrate } from './migrations.ts'
import { openSqlite } from './sqlite.ts'

/**
 * Opens the store that a URL names (`sqlite:PATH`, `sqlite::memory:`, `postgres://…` or `mongodb://…`) and brings it up to this
 * program's schema. Throws Problem `unavailable` where it cannot be reached, and StoreTooNew where a newer program keeps it.
 */
export async function openStore(url: string, opening: Opening): Promise<Store> {
  const store = await openEngine(url, opening)
  try {
    await migrate(store, opening)
    return store
  } catch (fault) {
    await store.close()
    throw fault
  }
}

async function openEngine(url: string, opening: Opening): Promise<Store> {
  // Loaded only where it is used: the driver costs a tenth of a second and 20 MB.
  if (/^mongodb(\+srv)?:/.test(url)) return (await import('./mongo.ts')).openMongo(url, opening)
  if (/^postgres(ql)?:/.test(url)) return (await import('./postgres.ts')).openPostgres(url, opening)
  if (!url.startsWith('sqlite:'))
    throw new TypeError('a store is sqlite:PATH, sqlite::memory:, postgres://… or mongodb://…')
  const path = url.slice('sqlite:'.length)
  if (path !== ':memory:') prepareFile(path)
  return openSqlite(path, opening)
}

// The engine gives its log and its index the permissions of the file itself.
function prepareFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
  } catch (fault) {
    throw new Problem('unavailable', { cause: fault })
  }
}
