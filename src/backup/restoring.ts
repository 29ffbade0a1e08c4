import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import type { Store } from '../store/collection.ts'
import { own, plain } from '../store/copying.ts'
import { migrations, unfinished } from '../store/migrations.ts'
import { migrate, openEngine, versions } from '../store/open.ts'
import { openSnapshot } from '../store/snapshot.ts'
import { BackupError, type Kept, type Manifest, readBackup, renameForGood } from './archive.ts'

interface Wish {
  file: string
  passphrase?: string | undefined
  /** The URL of the store to restore to. */
  store: string
  /** Whether what the store holds may be replaced. */
  replace: boolean
}

/** Documents that are written at a time, and removed at a time. */
const together = 200

/**
 * Restores a backup into a store of any engine and brings it up to this program's schema. The whole backup is verified before anything
 * is written. A store that holds something is refused unless it may be replaced, and so is one that is in use where that can be told
 * (SQLite). SQLite: the former file stays until the new one takes its place in one step. PostgreSQL and MongoDB: until it is done,
 * every Latchkey refuses to open the store. Throws BackupError.
 */
export async function restoreBackup(wish: Wish, now: () => number): Promise<Manifest> {
  const manifest = await readBackup(wish.file, wish.passphrase)
  if (manifest.schema > migrations.length)
    throw new BackupError(
      `${wish.file} has schema version ${manifest.schema}; this program knows ${migrations.length}. Restore it with a newer Latchkey.`,
    )
  if (wish.store === 'sqlite::memory:') throw new BackupError('A store in memory cannot be restored to.')
  if (!wish.replace && (await holdsSomething(wish.store, now())))
    throw new BackupError('The store holds something. Give --replace to remove all of it first.')
  if (wish.store.startsWith('sqlite:')) await restoreFile(wish, manifest, now)
  else await restoreInPlace(wish, manifest, now)
  return manifest
}

async function holdsSomething(url: string, now: number): Promise<boolean> {
  const snapshot = await openSnapshot(url, now)
  if (!snapshot) return false
  try {
    for (const name of await snapshot.names()) {
      if (own.has(name)) continue
      for await (const _ of snapshot.documents(name)) return true
    }
    return false
  } finally {
    await snapshot.close()
  }
}

async function restoreFile({ store: url, ...wish }: Wish, { schema }: Manifest, now: () => number): Promise<void> {
  const path = url.slice('sqlite:'.length)
  const release = existsSync(path) ? seize(path) : () => undefined
  const fresh = `${path}.restoring`
  const remove = () => Promise.all(['', '-wal', '-shm'].map(each => rm(`${fresh}${each}`, { force: true })))
  try {
    await remove()
    const store = await openEngine(`sqlite:${fresh}`, { now, sweep: false })
    try {
      await fill(store, wish)
      await store.collection(versions).put({ id: 'version', version: schema })
      await migrate(store, { now })
    } finally {
      await store.close()
    }
    // Closing the former file removes what belongs to it beside it, which must not meet the new one.
    release()
    await renameForGood(fresh, path)
  } catch (fault) {
    await remove()
    throw fault
  } finally {
    release()
  }
}

/** Takes a file for this process alone, until it is released. Throws BackupError where another one has it open. */
function seize(path: string): () => void {
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    // In WAL mode this fails while any other connection is open (sqlite.org/pragma.html#pragma_locking_mode).
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT')
  } catch (fault) {
    db.close()
    if ((fault as { errcode?: number }).errcode !== 5) throw new BackupError(`${path} is no store.`, { cause: fault })
    throw new BackupError(`${path} is in use. Stop Latchkey first.`, { cause: fault })
  }
  return () => {
    if (db.isOpen) db.close()
  }
}

async function restoreInPlace({ store: url, ...wish }: Wish, { schema }: Manifest, now: () => number): Promise<void> {
  const store = await openEngine(url, { now, sweep: false })
  try {
    const mark = store.collection(versions)
    await mark.put({ id: 'version', version: unfinished })
    for (const name of await store.names()) if (!own.has(name)) await empty(store, name)
    await fill(store, wish)
    await mark.put({ id: 'version', version: schema })
    await migrate(store, { now })
  } finally {
    await store.close()
  }
}

async function empty(store: Store, name: string): Promise<void> {
  const collection = plain(store, name)
  for (;;) {
    const found = await collection.find({}, { limit: together })
    if (found.length === 0) return
    await collection.remove({ id: { in: found.map(each => each.id) } })
  }
}

async function fill(store: Store, { file, passphrase }: Pick<Wish, 'file' | 'passphrase'>): Promise<void> {
  let batch: Kept[] = []
  const write = async (): Promise<void> => {
    const full = batch
    batch = []
    await Promise.all(full.map(each => plain(store, each.in).put(each.doc)))
  }
  await readBackup(file, passphrase, async kept => {
    batch.push(kept)
    if (batch.length === together) await write()
  })
  await write()
}
