import { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { PATIENCE } from './sqlite-fault.ts'
import { type Step, stepper } from './sqlite-steps.ts'

/** Steps that arrived together, and the number that their answer carries. */
export interface Batch {
  id: number
  transient: boolean
  steps: readonly Step[]
}

/**
 * The file that the thread runs. The main thread loads it too, because Node keeps what it compiled for the next start only of files that
 * the main thread has loaded, and a thread that finds nothing kept loads the compiler of TypeScript.
 */
export const threadFile = new URL(import.meta.url)

/**
 * The thread that writes to the file of the embedded engine. While one transaction is being synced, more steps arrive: all of them
 * are the next transaction, so that a slow disk holds up only those who wait for it, and costs one sync for many of them.
 */
export function serve(port: MessagePort, db: DatabaseSync): void {
  const run = stepper(db)
  const answer = (batches: readonly Batch[], transient: boolean): void => {
    const outcomes = run(
      batches.flatMap(each => each.steps),
      transient,
    )
    for (const { id, steps } of batches) port.postMessage({ id, outcomes: outcomes.splice(0, steps.length) })
  }
  port.on('message', (first: Batch | 'close') => {
    const batches: Batch[] = []
    let closing = false
    for (let next: { message: Batch | 'close' } | undefined = { message: first }; next; ) {
      if (next.message === 'close') closing = true
      else batches.push(next.message)
      next = receiveMessageOnPort(port)
    }
    // What need not be on disk is answered first: it waits for no sync.
    for (const transient of [true, false])
      answer(
        batches.filter(each => each.transient === transient),
        transient,
      )
    if (!closing) return
    db.close()
    port.close()
  })
}

/** Opens the connection that writes: every commit is on disk, power loss included, before it is acknowledged, unless all of it is transient. */
export function openWriting(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: PATIENCE })
  // FULL flushes the log at each commit; on macOS only a full flush reaches the disk itself.
  db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON')
  db.exec('PRAGMA wal_autocheckpoint = 500; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY')
  return db
}

if (parentPort && workerData?.latchkeyStore !== undefined) serve(parentPort, openWriting(workerData.latchkeyStore))
