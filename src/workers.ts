import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { adding } from './scrapes.ts'

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
/** Milliseconds that a worker gets to stop, once another has taken its place, before the next is replaced beside it. */
const pause = 10_000
/** Milliseconds between two looks at whether workers are alive, and in how many looks in a row one may have said nothing. */
const look = 5_000
const owed = 6

/** Tells the process that started this worker why it cannot start, and ends it. */
export function reportFailure(text: string): void {
  process.send?.({ cannotStart: text } satisfies CannotStart, () => process.exit(1))
}

/** Calls back once this worker is told that another has taken its place. */
export function onRetired(retire: () => void): void {
  // A process manager that started this one as its child may say anything.
  if (!cluster.isWorker) return
  process.on('message', (said: object) => {
    if ('retire' in said) retire()
  })
}

/**
 * Keeps so many processes serving one port. When one cannot start at first (a faulty setting, a taken port), all end, and the
 * reason is written once. One that dies later is replaced, ever more slowly when it goes on dying. At SIGUSR2 all are replaced, one
 * after the other, each only once another listens in its place.
 */
export function supervise(workers: number): void {
  let stopping = false
  let failed = false
  const listening = new WeakSet<Worker>()
  const retired = new WeakSet<Worker>()
  const silence = new WeakMap<Worker, number>()
  const all = () => Object.values(cluster.workers ?? {}).filter(each => each !== undefined)
  const serving = () => all().filter(each => listening.has(each))
  const sum = adding({ startedAt: performance.timeOrigin })
  const say = (text: string): void => void process.stderr.write(`${text}\n`)
  cluster.on('listening', worker => listening.add(worker))

  const fail = (text: string): void => {
    if (failed) return
    failed = stopping = true
    say(text)
    process.exitCode = 1
    for (const worker of all()) worker.process.kill('SIGTERM')
    setTimeout(() => process.exit(1), grace).unref()
  }

  /** `inPlaceOf` is a worker that goes on where this one cannot start. */
  const fork = (served = false, deaths = 0, inPlaceOf?: Worker): Worker => {
    const born = performance.now()
    const worker = cluster.fork()
    let reason: string | undefined
    worker.on('message', said => {
      silence.set(worker, 0)
      if ('cannotStart' in said) reason = said.cannotStart
      else void sum.hear(worker, said, serving)
    })
    worker.once('disconnect', () => sum.left(worker))
    worker.once('exit', (code, signal) => {
      if (stopping || retired.has(worker)) return
      const ended = `A worker ended ${signal ? `by ${signal}` : `with exit code ${code}`}`
      if (inPlaceOf && !listening.has(worker)) return say(reason ?? `${ended} before it listened.`)
      const started = served || listening.has(worker)
      if (!started) return fail(reason ?? `${ended} before it listened.`)
      sum.died()
      const again = performance.now() - born < lasting ? deaths + 1 : 0
      const delay = Math.min(first * 2 ** again, most)
      say(`${reason ?? `${ended}.`} Another starts in ${delay / 1000} s.`)
      setTimeout(() => stopping || fork(true, again), delay)
    })
    return worker
  }
  for (let each = 0; each < workers; each++) fork()

  /** Resolves to whether it went. */
  const replace = async (old: Worker): Promise<boolean> => {
    // Should it die meanwhile, the new one is in its place already.
    retired.add(old)
    const next = fork(true, 0, old)
    await Promise.race([once(next, 'listening'), once(next, 'exit')])
    if (!listening.has(next)) {
      retired.delete(old)
      if (old.isDead() && !stopping) fork(true)
      return false
    }
    if (old.isDead()) return true
    const gone = once(old, 'exit')
    if (old.isConnected()) old.send({ retire: true })
    await Promise.race([gone, wait(pause, undefined, { ref: false })])
    return true
  }

  let rolling = Promise.resolve()
  const roll = async (): Promise<void> => {
    const former = serving().filter(each => !retired.has(each))
    say(`Replacing ${former.length} workers.`)
    for (const old of former) {
      if (stopping) return
      const went = await replace(old)
      if (!went && !stopping) say('The new worker cannot start: the others go on as they are.')
      if (!went) return
    }
    say('All workers are replaced.')
  }
  process.on('SIGUSR2', () => {
    rolling = rolling.then(roll).catch(fault => say(String(fault)))
  })
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
  // Nobody else would end a worker that hangs, and its connections hang with it. Looks are counted and not seconds, so that a
  // machine that slept ends none.
  const silent = () => {
    for (const worker of serving()) {
      const looks = (silence.get(worker) ?? 0) + 1
      silence.set(worker, looks)
      if (looks <= owed) continue
      say(`A worker has not said for ${(owed * look) / 1000} s that it is alive.`)
      worker.process.kill('SIGKILL')
    }
  }
  setInterval(silent, look).unref()
}
