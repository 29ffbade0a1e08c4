import type { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { unavailable } from './sqlite-fault.ts'
import { type Outcome, type Step, stepper } from './sqlite-steps.ts'
import { type Batch, threadFile } from './sqlite-thread.ts'

interface Queued {
  step: Step
  transient: boolean
  resolve(outcome: Outcome): void
  reject(fault: unknown): void
}

/** The one way in which the embedded engine is written to. */
export interface Writer {
  /** Resolves to what came of a step once that is on disk; where it is transient, once it is written. Throws Problem `unavailable`. */
  write(step: Step, transient?: boolean): Promise<Outcome>
  /** Writes what is queued, and refuses what comes later. */
  finish(): Promise<void>
}

/** Sends steps somewhere; resolves to their outcomes, in order. */
type Send = (steps: readonly Step[], transient: boolean) => Promise<readonly Outcome[]>

/** Gathers the steps of one turn of the event loop, and sends them together. */
function gathering(send: Send, close: () => Promise<void>): Writer {
  let queue: Queued[] = []
  let finished = false
  const under = new Set<Promise<void>>()

  const flush = async (): Promise<void> => {
    const all = queue
    queue = []
    const kind = (transient: boolean) =>
      settle(
        all.filter(each => each.transient === transient),
        transient,
      )
    await Promise.all([kind(true), kind(false)])
  }
  const settle = async (batch: readonly Queued[], transient: boolean): Promise<void> => {
    if (batch.length === 0) return
    try {
      const outcomes = await send(
        batch.map(each => each.step),
        transient,
      )
      for (const [at, { resolve, reject }] of batch.entries()) {
        const outcome = outcomes[at]
        if (outcome === undefined || outcome.is === 'failed')
          reject(unavailable(new Error(outcome?.why ?? 'no answer')))
        else resolve(outcome)
      }
    } catch (fault) {
      for (const each of batch) each.reject(unavailable(fault))
    }
  }
  const soon = (): Promise<void> => new Promise(resolve => setImmediate(() => resolve(flush())))

  return {
    write: (step, transient = false) =>
      new Promise((resolve, reject) => {
        if (finished) return reject(unavailable(new Error('the store is closed')))
        if (queue.push({ step, transient, resolve, reject }) > 1) return
        const flushed = soon().finally(() => under.delete(flushed))
        under.add(flushed)
      }),
    finish: async () => {
      finished = true
      await Promise.all(under)
      await close()
    },
  }
}

/** Writes in this thread, to a store in memory: there is no disk to wait for. */
export function localWriter(db: DatabaseSync): Writer {
  const run = stepper(db)
  return gathering(
    async steps => run(steps),
    async () => {},
  )
}

/**
 * Writes to a file in a thread of its own, so that the main thread never waits for the disk. A thread that dies fails what it had been
 * given, of which nobody can say whether it is on disk, and is replaced at the next write.
 */
export function threadedWriter(path: string): Writer {
  interface Waiting {
    resolve(outcomes: readonly Outcome[]): void
    reject(fault: unknown): void
  }
  let thread: Worker | undefined
  const waiting = new Map<number, Waiting>()
  let sent = 0

  const start = (): Worker => {
    const made = new Worker(threadFile, { workerData: { latchkeyStore: path } })
    const gone = (fault: unknown): void => {
      if (thread !== made) return
      thread = undefined
      for (const each of waiting.values()) each.reject(fault)
      waiting.clear()
    }
    made.on('message', ({ id, outcomes }: { id: number; outcomes: readonly Outcome[] }) => {
      waiting.get(id)?.resolve(outcomes)
      waiting.delete(id)
      // Only what somebody waits for keeps the process alive.
      if (waiting.size === 0) made.unref()
    })
    made.on('error', gone)
    made.on('exit', code => gone(new Error(`the thread that writes ended (${code})`)))
    made.unref()
    return made
  }
  thread = start()

  return gathering(
    (steps, transient) =>
      new Promise((resolve, reject) => {
        thread ??= start()
        thread.ref()
        const id = ++sent
        thread.postMessage({ id, transient, steps } satisfies Batch)
        waiting.set(id, { resolve, reject })
      }),
    async () => {
      const last = thread
      thread = undefined
      if (!last) return
      const ended = new Promise(resolve => last.once('exit', resolve))
      last.ref()
      last.postMessage('close')
      await ended
    },
  )
}
