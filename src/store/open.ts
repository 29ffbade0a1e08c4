import { closeSync, mkdirSync, openSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { Problem } from '../errors.ts'
import { claim, declare, type Opening, type Store } from './collection.ts'
import { type Migration, migrations, StoreTooNew } from './migrations.ts'
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

/** Opens the engine that a URL names, whatever schema its store has. Throws Problem `unavailable`. */
export async function openEngine(url: string, opening: Opening): Promise<Store> {
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

/** The schema version of a store, and who is migrating it. */
export const versions = declare({
  name: 'schema',
  shape: z.object({
    id: z.string(),
    version: z.number().optional(),
    holder: z.string().optional(),
    expiresAt: z.number().optional(),
  }),
})

/** Milliseconds for which a process that has fallen silent keeps the others from migrating. */
const LEASE = 30_000
/** Milliseconds that a process waits for the migrations of another. */
const PATIENCE = 10 * 60_000

let holders = 0

/** Brings the store to this program's schema, once even when several processes start together. Throws StoreTooNew. */
export async function migrate(
  store: Store,
  { now }: { now: () => number },
  list: readonly Migration[] = migrations,
): Promise<void> {
  const schema = store.collection(versions)
  const version = async (): Promise<number | undefined> => {
    const found = (await schema.get('version'))?.version
    if (found !== undefined && found > list.length) throw new StoreTooNew(found, list.length)
    return found
  }
  const holder = `${hostname()}:${process.pid}:${performance.timeOrigin}:${holders++}`
  const lease = () => ({ id: 'lock', holder, expiresAt: now() + LEASE })

  for (const since = performance.now(); (await version()) !== list.length; ) {
    if (!(await claim(schema, lease()))) {
      if (performance.now() - since > PATIENCE) throw new Problem('unavailable')
      await wait(50)
      continue
    }
    const renewal = setInterval(() => void schema.patch('lock', lease(), { holder }).catch(() => undefined), LEASE / 5)
    try {
      if ((await version()) === undefined) await schema.insert({ id: 'version', version: 0 })
      for (let at = (await version()) ?? 0; at < list.length; at++) {
        await list[at]?.up(store)
        // Lost: this process was silent for so long that another took over and is further on.
        if (!(await schema.patch('version', { version: at + 1 }, { version: at }))) break
      }
    } finally {
      clearInterval(renewal)
      await schema.patch('lock', { expiresAt: 0 }, { holder })
    }
  }
}
