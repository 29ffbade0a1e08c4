import cluster, { type Worker } from 'node:cluster'

/** What a worker says to the process that started it when it cannot start. */
interface CannotStart {
  cannotStart: string
}

/** Milliseconds after which a worker that died is replaced: twice as many each time in a row, up to the most. */
const first = 250
const most = 30_000
/** Milliseconds that a worker has to last for its death to count as the first in a row. */
const lasting = 60_000
/** Milliseconds that workers get to stop once one of them cannot start. */
const grace = 10_000

/** Tells the process that started this worker why it cannot start, and ends it. */
export function reportFailure(text: string): void {
  process.send?.({ cannotStart: text } satisfies CannotStart, () => process.exit(1))
}

/**
 * Keeps so many processes serving one port. When one cannot start at first (a faulty setting, a taken port), all end, and the
 * reason is written once. One that dies later is replaced, ever more slowly when it goes on dying.
 */
export function supervise(workers: number): void {
  let stopping = false
  let failed = false
  const listening = new WeakSet<Worker>()
  const all = () => Object.values(cluster.workers ?? {}).filter(each => each !== undefined)
  cluster.on('listening', worker => listening.add(worker))

  const fail = (text: string): void => {
    if (failed) return
    failed = stopping = true
    process.stderr.write(`${text}\n`)
    process.exitCode = 1
    for (const worker of all()) worker.process.kill('SIGTERM')
    setTimeout(() => process.exit(1), grace).unref()
  }

  const fork = (served = false, deaths = 0): void => {
    const born = performance.now()
    const worker = cluster.fork()
    let reason: string | undefined
    worker.on('message', (said: CannotStart) => {
      reason = said.cannotStart
    })
    worker.once('exit', (code, signal) => {
      if (stopping) return
      const ended = `A worker ended ${signal ? `by ${signal}` : `with exit code ${code}`}`
      const started = served || listening.has(worker)
      if (!started) return fail(reason ?? `${ended} before it listened.`)
      const again = performance.now() - born < lasting ? deaths + 1 : 0
      const wait = Math.min(first * 2 ** again, most)
      process.stderr.write(`${reason ?? `${ended}.`} Another starts in ${wait / 1000} s.\n`)
      setTimeout(() => stopping || fork(true, again), wait)
    })
  }
  for (let each = 0; each < workers; each++) fork()

  process.on('SIGHUP', () => {
    for (const worker of all()) {
      const pass = () => worker.process.kill('SIGHUP')
      // One that is starting yet may have read the file, and not hear.
      if (listening.has(worker)) pass()
      else worker.once('listening', pass)
    }
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopping = true
      for (const worker of all()) worker.process.kill(signal)
    })
  }
}
