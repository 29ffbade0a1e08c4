import { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { PATIENCE } from './sqlite-fault.ts'
import { type Step, stepper } from './sqlite-steps.ts'

/**
 * The thread that writes to the file of the embedded engine. While one transaction is being synced, more steps arrive: all of them
 * are the next transaction, so that a slow disk holds up only those who wait for it, and costs one sync for many of them.
 */
export function serve(port: MessagePort, db: DatabaseSync): void {
  const run = stepper(db)
  port.on('message', (first: readonly Step[] | 'close') => {
    const batches: (readonly Step[])[] = []
    let closing = false
    for (let next: { message: readonly Step[] | 'close' } | undefined = { message: first }; next; ) {
      if (next.message === 'close') closing = true
      else batches.push(next.message)
      next = receiveMessageOnPort(port)
    }
    const outcomes = run(batches.flat())
    for (const each of batches) port.postMessage(outcomes.splice(0, each.length))
    if (!closing) return
    db.close()
    port.close()
  })
}

/** Opens the connection that writes: every commit is on disk, power loss included, before it is acknowledged. */
export function openWriting(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: PATIENCE })
  // FULL flushes the log at each commit; on macOS only a full flush reaches the disk itself.
  db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON')
  db.exec('PRAGMA wal_autocheckpoint = 500; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY')
  return db
}

if (parentPort && workerData?.latchkeyStore !== undefined) serve(parentPort, openWriting(workerData.latchkeyStore))
