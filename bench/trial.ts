import { setTimeout as wait } from 'node:timers/promises'
import { app } from './clients.ts'
import { cluster } from './cluster.ts'
import { auditFaults } from './killing.ts'
import { caller } from './load.ts'
import { loading, type Outcome } from './loading.ts'
import type { postgresPair } from './postgres-pair.ts'
import { type Scene, scenesOf } from './scenes.ts'

/** Milliseconds after which a fault counts as not mended. */
const hopeless = 120_000

interface Wanted {
  /** The URL of a fresh database. */
  database: string
  /** The pair that it is the primary of, where there is one. */
  pair?: Awaited<ReturnType<typeof postgresPair>> | undefined
  /** The names of what is broken, in order. */
  scenes: readonly string[]
  machines?: number
  people?: number
  /** Sessions that are used side by side, and people who redeem a code twice at once. */
  lines?: number
  racers?: number
  /** Seconds for which one is frozen, one is cut from the database, and all are; for which nginx waits for an answer; and before and after each scene. */
  freeze?: number
  cut?: number
  dark?: number
  patience?: number
  calm?: number
  /** Is told which server shares requests out, once all is up, and of each scene. */
  onStart?(front: string): void
  onScene?(played: Played): void
}

/** What came of a scene. */
export interface Played {
  name: string
  /** Requests that were answered well, and how often one was repeated, by what it was answered before. */
  answered: number
  repeated: { [status: string]: number }
  /** Milliseconds: the longest that a request took, and from the mending until every machine was ready and every session had gone on. */
  longest: number
  recovered: number
  /** How often the logs say what of requests that failed. */
  reasons: ReadonlyMap<string, number>
  faults: readonly string[]
}

/**
 * Runs several Latchkeys on one database behind what shares requests out, breaks what is between them, one after the other, and compares what they acknowledged
 * with what is there: resolves to what was acknowledged and all faults that were found, the audit log's included.
 */
export async function trial(wanted: Wanted) {
  const { scenes, lines = 8, racers = 2, calm = 2, people = 600, pair } = wanted
  const here = await cluster({ ...wanted, people })
  wanted.onStart?.(here.front)
  const calls = caller(here.url, app, lines * 4)
  const database = { url: wanted.database }
  let outcomes: Outcome[] = []
  const load = loading({
    url: here.url,
    calls,
    // What nginx says when a server did not answer, and what Latchkey says while its database is away.
    again: [502, 503, 504],
    onOutcome: each => outcomes.push(each),
    signIn: async () => {
      const form = await here.nextCode()
      const answer = await load.answered(() => calls.post('/token', form))
      if (answer === undefined) throw new Error('it is over')
      return String(answer.refresh_token)
    },
  })
  let racedCodes = 0
  let stopped = false
  /** Redeems codes twice at once, which reaches two machines: one at most may be given tokens. */
  const racing = async (): Promise<void> => {
    while (!stopped) {
      const form = await here.nextCode().catch(() => undefined)
      const both = form ? [calls.post('/token', form), calls.post('/token', form)] : []
      const given = (await Promise.allSettled(both)).filter(({ status }) => status === 'fulfilled')
      if (given.length > 0) racedCodes++
      if (given.length > 1) load.faults.push('a code was redeemed twice')
      await wait(200)
    }
  }

  const failed = (status?: number) => outcomes.filter(each => each.fault !== undefined && each.status === status).length
  /** Waits until somebody was told that the database is away, and so long at least. */
  const away = async (seconds: number): Promise<void> => {
    await wait(seconds * 1_000)
    for (let waited = 0; failed(503) === 0 && waited < hopeless; waited += 50) await wait(50)
    if (failed(503) === 0) load.faults.push('nobody was told 503 while the database was away')
  }
  const acts = scenesOf({ ...wanted, machines: here.machines, pair, database, away })

  /** Resolves to the milliseconds until every machine is ready and every session has gone on. */
  const recovery = async (): Promise<number> => {
    const begun = performance.now()
    const before = [...load.done]
    const again = async () =>
      Array.from({ length: lines }).every((_, line) => (load.done[line] ?? 0) > (before[line] ?? 0)) &&
      (await Promise.all(here.machines.map(each => each.ready()))).every(Boolean)
    while (!(await again())) {
      if (performance.now() - begun > hopeless) {
        load.faults.push('it did not recover')
        break
      }
      await wait(20)
    }
    return performance.now() - begun
  }

  const play = async ({ name, act }: Scene): Promise<Played> => {
    await wait(calm * 1_000)
    outcomes = []
    const known = load.faults.length
    const since = here.machines.map(each => each.logged())
    await act()
    const recovered = await recovery()
    await wait(calm * 1_000)
    await load.revokedStayRevoked()
    const said = here.machines.flatMap((each, at) => each.failures(since[at] ?? 0))
    if (said.some(({ status }) => status === 500)) load.faults.push('a request was answered 500')
    if (said.some(({ reason }) => reason === '')) load.faults.push('a failed request has no reason in the log')
    if (outcomes.some(({ status, fault }) => status === 503 && !String(fault).includes('Retry-After')))
      load.faults.push('a 503 did not say when to come back')
    const reasons = new Map<string, number>()
    for (const { status, reason } of said)
      reasons.set(`${status} ${reason}`, (reasons.get(`${status} ${reason}`) ?? 0) + 1)
    return {
      name,
      answered: outcomes.filter(each => each.fault === undefined).length,
      repeated: { 502: failed(502), 503: failed(503), 504: failed(504), 'no answer': failed() },
      longest: Math.max(...outcomes.map(each => each.took)),
      recovered,
      reasons,
      faults: load.faults.slice(known),
    }
  }

  const running = [
    ...Array.from({ length: lines }, (_, line) => load.run(line)),
    ...Array.from({ length: racers }, racing),
  ]
  try {
    while (load.acknowledged.signIns < lines && load.faults.length === 0) await wait(20)
    for (const each of scenes) {
      const scene = acts[each]
      if (!scene) throw new Error(`there is no scene ${each}`)
      wanted.onScene?.(await play(scene))
    }
    stopped = true
    load.stop()
    await Promise.all(running)
    await load.spentStaySpent()
  } finally {
    stopped = true
    load.stop()
    await calls.close()
    await here.stop()
  }
  load.faults.push(...(await auditFaults(database.url, load.acknowledged.signIns)))
  return { acknowledged: load.acknowledged, racedCodes, faults: load.faults }
}
