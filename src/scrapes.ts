import type { Worker } from 'node:cluster'
import { Problem } from './errors.ts'
import type { Figures } from './observers/metrics.ts'

/** What a worker says to the process that started it: its figures (in answer to a question with that number), that somebody asks for those of all, or that it is alive. */
type FromWorker = { figures: Figures; answers?: number } | { scrape: number } | { alive: true }
/** What the process that started it says to a worker: that it wants its figures, or what all of them add up to. */
type ToWorker = { wanted: number } | { scraped: number; text: string }

/** Milliseconds that a worker waits for those of all. */
const longer = 5_000
/** Milliseconds between two signs of life. */
const pulse = 4_000

/** Sends the figures of this worker to the process that started it, and asks that process for the figures of all workers. */
export function scrapes() {
  let asked = 0
  const waiting = new Map<number, (text: string) => void>()
  const say = (said: FromWorker, heard?: () => void): void =>
    void (process.connected && process.send ? process.send(said, undefined, {}, heard) : heard?.())
  setInterval(() => say({ alive: true }), pulse).unref()
  process.on('message', (told: ToWorker) => {
    if ('scraped' in told) waiting.get(told.scraped)?.(told.text)
  })
  return {
    /** Answers each question from now on. Returns a function that tells for the last time, and resolves once that is on its way. */
    tell: (figures: () => Promise<Figures>): (() => Promise<void>) => {
      process.on('message', async (told: ToWorker) => {
        if ('wanted' in told) say({ figures: await figures(), answers: told.wanted })
      })
      return async () => {
        const last = await figures()
        await new Promise<void>(resolve => say({ figures: last }, resolve))
      }
    },
    /** Resolves to the figures of all workers, as text. Throws Problem `unavailable` where nobody answers. */
    scrape: async (): Promise<string> => {
      const number = asked++
      const late = Promise.withResolvers<never>()
      const timer = setTimeout(() => late.reject(new Problem('unavailable', { retryAfter: 1 })), longer)
      const text = new Promise<string>(resolve => waiting.set(number, resolve))
      say({ scrape: number })
      try {
        return await Promise.race([text, late.promise])
      } finally {
        clearTimeout(timer)
        waiting.delete(number)
      }
    },
  }
}

/**
 * Adds up what workers count. Counters never go down: of a worker that has ended, and of one that does not answer within `patience`
 * milliseconds, the last that it told counts.
 */
export function adding({ startedAt, patience = 2_000 }: { startedAt: number; patience?: number }) {
  let deaths = 0
  const latest = new Map<number, Figures>()
  let gone: Figures[] = []
  let asked = 0
  const waiting = new Map<number, Map<number, () => void>>()
  const say = (worker: Worker, told: ToWorker): void => {
    // It may be dying: then its end says so.
    if (worker.isConnected()) worker.send(told, undefined, () => {})
  }

  const text = async (workers: readonly Worker[]): Promise<string> => {
    const number = asked++
    const left = new Map<number, () => void>()
    waiting.set(number, left)
    const answers = workers.map(({ id }) => new Promise<void>(resolve => left.set(id, resolve)))
    for (const worker of workers) say(worker, { wanted: number })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, patience)
    })
    await Promise.race([Promise.all(answers), late])
    clearTimeout(timer)
    waiting.delete(number)
    // Loaded only where somebody scrapes: this process is to stay small.
    const { AggregatorRegistry } = await import('prom-client')
    gone = [AggregatorRegistry.aggregate(gone).getMetricsAsArray() as Figures]
    const own = [
      figure('gauge', 'process_start_time_seconds', 'When the first of the processes started', startedAt / 1_000),
      figure('counter', 'latchkey_worker_deaths_total', 'Workers that ended without being told to', deaths),
      figure('gauge', 'latchkey_workers', 'Worker processes, by whether they answered this scrape', {
        answering: workers.length - left.size,
        silent: left.size,
      }),
    ]
    return AggregatorRegistry.aggregate([...latest.values(), ...gone, own]).metrics()
  }

  return {
    /** Takes a message of a worker. `serving` are the workers that are asked when it wants the figures of all. */
    hear: async (worker: Worker, said: FromWorker, serving: () => readonly Worker[]): Promise<void> => {
      if ('scrape' in said) say(worker, { scraped: said.scrape, text: await text(serving()) })
      if (!('figures' in said)) return
      latest.set(worker.id, said.figures)
      if (said.answers !== undefined) settle(waiting.get(said.answers), worker.id)
    },
    /** Keeps what a worker counted, once it can say nothing more. */
    left: ({ id }: Pick<Worker, 'id'>): void => {
      for (const each of waiting.values()) settle(each, id)
      const last = latest.get(id)
      latest.delete(id)
      if (last) gone.push(last.filter(({ type }) => ['counter', 'histogram'].includes(String(type))))
    },
    /** Counts a worker that ended without being told to. */
    died: (): void => {
      deaths += 1
    },
  }
}

/** Waits no longer for a worker's answer. */
function settle(left: Map<number, () => void> | undefined, id: number): void {
  left?.get(id)?.()
  left?.delete(id)
}

/** Returns one figure in the form in which figures are added up: a number, or one for each `state`. */
function figure(type: string, name: string, help: string, value: number | Record<string, number>) {
  const values =
    typeof value === 'number'
      ? [{ value, labels: {} }]
      : Object.entries(value).map(([state, each]) => ({ value: each, labels: { state } }))
  return { name, help, type, values, aggregator: 'sum' } as unknown as Figures[number]
}
