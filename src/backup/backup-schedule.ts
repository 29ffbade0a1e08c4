import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { z } from 'zod'
import packageJson from '../../package.json' with { type: 'json' }
import type { Emit } from '../events.ts'
import { declare, type Store } from '../store/collection.ts'
import { BackupError, partOf, type Wish, writeBackup } from './archive.ts'

/** When the next backup is due, for all processes that share a store, and when one last succeeded. */
const turns = declare({
  name: 'backups',
  shape: z.object({ id: z.string(), due: z.number(), succeeded: z.number().optional() }),
})

/** Milliseconds after which a backup that failed is tried again, or sooner where backups are more frequent. */
const again = 10 * 60_000

interface Configured {
  issuer: string
  store: string
  backup: {
    schedule: { folder: string; every: number; keep: number } | undefined
    passphrase: string | undefined
  }
}

interface Services {
  store: Store
  emit: Emit
  now: () => number
  /** Hears when the last backup succeeded, whichever process made it. */
  onDone(at: number): void
  onFault(fault: unknown): void
  /** Writes one backup; a thread of its own unless told, because it reads the whole store. */
  make?: (wish: Wish, signal: AbortSignal, at: number) => Promise<Made>
}

interface Made {
  documents: number
  bytes: number
}

/**
 * Returns a function to call every minute, which makes a backup when one is due and removes the oldest files; once the signal aborts, it
 * gives up the one under way. Of all processes that share a store, one does it; a failure is an event, and is tried again. Undefined
 * where no schedule is configured.
 */
export function backupSchedule(
  { issuer, store: url, backup: { schedule, passphrase } }: Configured,
  { store, emit, now, onDone, onFault, make = inThread }: Services,
  signal: AbortSignal,
): (() => Promise<void>) | undefined {
  if (schedule === undefined || url === 'sqlite::memory:') return undefined
  const { folder, every, keep } = schedule
  const kept = store.collection(turns)

  const back = async (due: number): Promise<void> => {
    const file = join(folder, backupName(now()))
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const wish = { store: url, issuer, version: packageJson.version, file, passphrase }
      const { documents, bytes } = await make(wish, signal, now())
      const at = now()
      await kept.patch('schedule', { succeeded: at })
      onDone(at)
      await emit('backup.made', { documents, bytes })
      for (const old of backupsIn(folder).slice(0, -keep)) rmSync(join(folder, old))
    } catch (fault) {
      onFault(fault)
      // A thread that is stopped leaves its part behind.
      await rm(partOf(file), { force: true }).catch(() => undefined)
      const soon = now() + Math.min(again, every)
      await kept.patch('schedule', { due: soon }, { due })
      await emit('backup.failed', { why: fault instanceof BackupError ? fault.message : 'unavailable' })
    }
  }

  return async () => {
    const at = now()
    const turn = (await kept.get('schedule')) ?? (await begin(at))
    if (turn?.succeeded !== undefined) onDone(turn.succeeded)
    if (turn === undefined || turn.due > at || signal.aborted) return
    // Of many processes that see it due, the one whose change goes through has the turn.
    const due = at + every
    if (await kept.patch('schedule', { due }, { due: turn.due })) await back(due)
  }

  async function begin(at: number) {
    const first: z.output<typeof turns.shape> = { id: 'schedule', due: at }
    return kept.insert(first).then(
      () => first,
      () => kept.get('schedule'),
    )
  }
}

/** Names the file of a backup by when it is made. */
export const backupName = (at: number): string =>
  `latchkey-${new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')}.backup`

/** Only files that the schedule made, oldest first. */
function backupsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter(name => /^latchkey-\d{8}T\d{6}Z\.backup$/.test(name))
    .sort()
}

function inThread(wish: Wish, signal: AbortSignal, at: number): Promise<Made> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL(import.meta.url), { workerData: { latchkeyBackup: wish, at } })
    signal.addEventListener('abort', () => void thread.terminate(), { once: true })
    if (signal.aborted) void thread.terminate()
    thread.once('message', ({ made, why }: { made?: Made; why?: string }) =>
      made ? resolve(made) : reject(new BackupError(why ?? 'The backup failed.')),
    )
    thread.once('error', reject)
    thread.once('exit', () => reject(new BackupError('The backup ended before it was done.')))
  })
}

if (!isMainThread && workerData?.latchkeyBackup !== undefined)
  writeBackup(workerData.latchkeyBackup, workerData.at).then(
    ({ documents, bytes }) => parentPort?.postMessage({ made: { documents, bytes } }),
    (fault: Error) => parentPort?.postMessage({ why: fault.message }),
  )
