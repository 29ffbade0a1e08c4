import { statSync } from 'node:fs'
import { loadavg } from 'node:os'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { namesOfTables } from '../src/store/sqlite.ts'
import { api, app, machine } from './clients.ts'
import type { Rows } from './growth.ts'
import { latchkey } from './latchkey.ts'
import { caller } from './load.ts'
import { loading } from './loading.ts'
import { refreshToken } from './people.ts'
import type { Held } from './probe.ts'
import { receivers } from './receivers.ts'
import { leave, mistake, passkeys, program, turns, verified, visit } from './visitors.ts'

/** People who sign in by password and authenticator, in turn, each in a browser of their own; and those who have a passkey. */
const people = 400
const holders = 8
/** So many of the people only ever type a wrong password. */
const forgetful = 40
/** Sessions at an app that refresh side by side. */
const lines = 8
/** Milliseconds between two acts of a kind, at pace 1. */
const every = {
  token: 50,
  refresh: 400,
  introspection: 200,
  verification: 200,
  signIn: 2_000,
  passkey: 4_000,
  leaver: 500,
  mistake: 10_000,
  program: 1_000,
}
/** Minutes that sessions live without use, and at all. */
export const lives = { idle: 5, max: 10 }
/** Milliseconds after its end at which a row is surely swept: the pause between two rounds is 38 seconds at most. */
const swept = 90_000
/** The token that asks for figures. */
const metrics = 'what asks for figures in a soak, and nothing else'

/** What one look shows. */
export interface Seen extends Held {
  at: number
  load: number
  /** Seconds of CPU that the server took a second, since the look before. */
  cores: number
  /** Bytes of the file of the store, its log included. */
  stored: number
  rows: ReadonlyMap<string, Rows>
  /** Milliseconds that each kind of request took since the look before, sorted. */
  took: ReadonlyMap<string, number[]>
  /** Requests that failed so far. */
  errors: number
}

interface Wanted {
  /** Milliseconds in all, and between two looks. */
  lasting: number
  looks: number
  /** How many times the usual load. */
  pace: number
  onLook?(seen: Seen): void
}

/** Keeps a Latchkey at work with what people and apps do, side by side, and looks at what it holds again and again. */
export async function soaking({ lasting, looks, pace, onLook }: Wanted) {
  const receiving = await receivers()
  const measured = await latchkey({
    ...{ people, holders },
    environment: {
      LATCHKEY_SESSION_IDLE: String(lives.idle),
      LATCHKEY_SESSION_MAX: String(lives.max),
      LATCHKEY_MAIL_URL: receiving.mail,
      LATCHKEY_METRICS_TOKEN: metrics,
      NODE_OPTIONS: ['report', 'probe'].map(each => `--import=${new URL(`${each}.ts`, import.meta.url)}`).join(' '),
    },
  })
  const end = performance.now() + lasting
  const errors: string[] = []
  const counts: Record<string, number> = {}
  let took = new Map<string, number[]>()
  let stopped = false

  /** Does one thing and notes how long it took, or that it failed. */
  const timed = async <R>(kind: string, act: () => Promise<R>): Promise<R | undefined> => {
    const begun = performance.now()
    try {
      const result = await act()
      took.set(kind, [...(took.get(kind) ?? []), performance.now() - begun])
      counts[kind] = (counts[kind] ?? 0) + 1
      return result
    } catch (fault) {
      if (!stopped) errors.push(`${new Date().toISOString()} ${kind}: ${fault}`)
      return undefined
    }
  }
  const pause = (kind: keyof typeof every) => wait((every[kind] / pace) * (0.5 + Math.random()))
  const again = async (kind: keyof typeof every, act: () => Promise<unknown>): Promise<void> => {
    while (!stopped) {
      await pause(kind)
      if (!stopped) await timed(kind, act)
    }
  }

  const { url } = measured
  const service = caller(url, machine, 8)
  const site = caller(url, app, lines + 4)
  const paced = {
    ...site,
    post: async (path: string, form: Record<string, string>) => {
      await pause('refresh')
      const begun = performance.now()
      const answer = await site.post(path, form)
      took.set('refresh', [...(took.get('refresh') ?? []), performance.now() - begun])
      // One for an API is a JWT, which is verified and not asked about.
      if (form.scope === 'openid') held.token = String(answer.access_token)
      return answer
    },
  }
  const held = { token: '' }
  const [next, mistaken] = [turns(measured.crowd.slice(forgetful)), turns(measured.crowd.slice(0, forgetful))]
  const sessions = loading({
    ...{ url, calls: paced },
    signIn: async () => {
      const { person, browser } = next()
      const token = await timed('sign-in for an app', () => refreshToken(url, person, app, browser))
      if (token === undefined) throw new Error('it failed')
      return token
    },
    onOutcome: ({ fault }) => {
      if (fault !== undefined && !stopped) errors.push(`${new Date().toISOString()} refresh: ${fault}`)
    },
  })
  const acts: [keyof typeof every, () => Promise<unknown>][] = [
    [
      'token',
      () => service.post('/token', { grant_type: 'client_credentials', resource: api.resource, scope: 'read' }),
    ],
    ['introspection', async () => site.post('/introspect', { token: held.token || 'none yet' })],
    ['verification', () => verified(service.ask, measured)],
    ['signIn', () => visit(url, next())],
    ['passkey', passkeys(measured, holders)],
    ['leaver', () => leave(url)],
    ['mistake', () => mistake(url, mistaken())],
    ['program', () => program(url, metrics)],
  ]
  const running = [
    ...acts.map(([kind, act]) => again(kind, act)),
    ...Array.from({ length: lines }, (_, line) => sessions.run(line)),
  ]

  const seen: Seen[] = []
  const db = new DatabaseSync(measured.file, { readOnly: true, timeout: 5_000 })
  let before = { cpu: (await measured.cost()).cpu, at: performance.now() }
  const begun = performance.now()
  try {
    while (performance.now() < end) {
      await wait(Math.min(looks, Math.max(0, end - performance.now())))
      const at = performance.now()
      const { cpu } = await measured.cost()
      const cores = (cpu - before.cpu) / (at - before.at)
      before = { cpu, at }
      const latest = took
      took = new Map()
      for (const each of latest.values()) each.sort((a, b) => a - b)
      const look: Seen = {
        ...(await measured.ask<Held>('held')),
        ...{ at: at - begun, load: loadavg()[0] ?? 0, cores, stored: stored(measured.file) },
        ...{ rows: rowsOf(db, at - begun), took: latest, errors: errors.length + sessions.faults.length },
      }
      seen.push(look)
      onLook?.(look)
    }
  } finally {
    stopped = true
    sessions.stop()
    db.close()
    await Promise.all(running)
    await Promise.all([service.close(), site.close()])
    await measured.stop()
    await receiving.stop()
  }
  return { seen, counts: { ...counts, ...sessions.acknowledged }, errors: [...errors, ...sessions.faults] }
}

function stored(file: string): number {
  return ['', '-wal'].reduce((sum, end) => sum + (statSync(file + end, { throwIfNoEntry: false })?.size ?? 0), 0)
}

function rowsOf(db: DatabaseSync, at: number): Map<string, Rows> {
  const now = Date.now()
  const names = db.prepare(namesOfTables).all() as { name: string }[]
  return new Map(
    names.map(({ name }) => {
      const sql = `SELECT count(expires) AS ending, count(*) - count(expires) AS endless, coalesce(max(expires), 0) AS last, count(CASE WHEN expires < ? THEN 1 END) AS overdue FROM "${name}"`
      const { ending, endless, last, overdue } = db.prepare(sql).get(now - swept) as Record<string, number>
      return [name, { at, ending, endless, longest: Math.max(0, (last ?? 0) - now), overdue } as Rows]
    }),
  )
}
