import { z } from 'zod'
import type { EventData, EventName, Observer } from '../events.ts'
import { declare, type Store } from '../store/collection.ts'

const hour = 3_600_000
const day = 24 * hour

/** The periods that figures are read for: how long each is, and how long each of its parts, in milliseconds. */
export const periods = {
  day: { span: day, part: hour },
  week: { span: 7 * day, part: day },
  quarter: { span: 90 * day, part: day },
} as const
export type Period = keyof typeof periods
/** What is kept of each count: the name of the series, how long its parts are, and for how long they are kept. */
const parts = [
  { name: 'hour', part: hour, life: 2 * day },
  { name: 'day', part: day, life: 92 * day },
] as const
/** The most parts of a period. */
const most = 91

const shape = z.object({
  id: z.string(),
  /** What was counted, and in parts of which length. */
  series: z.string(),
  /** When its part began. */
  at: z.number(),
  count: z.number(),
  expiresAt: z.number(),
})

/** How often what happened, by the hour and by the day. Nothing about a person is in it. */
const figuresDeclaration = declare({ name: 'figures', shape, indexes: [['series', 'at']] })

/** What is counted. */
export const figureNames = [
  ...(['sign-ins', 'passkeys', 'failures', 'accounts', 'holds', 'tokens', 'delivered', 'undelivered'] as const),
  ...(['password', 'totp', 'sms', 'email', 'recovery-code', 'passkey'] as const).map(id => `factor-${id}` as const),
] as const
export type Figure = (typeof figureNames)[number]

const plain: Partial<Record<EventName, Figure>> = {
  'account.created': 'accounts',
  'factor.refused': 'failures',
  'sign-in.refused': 'failures',
  'sign-in.denied': 'failures',
  'hold.started': 'holds',
  'grant.issued': 'tokens',
  'message.sent': 'delivered',
  'message.abandoned': 'undelivered',
}

/** What is counted of each app. */
const perApp: Partial<Record<EventName, AppFigure>> = { 'session.joined': 'sign-ins', 'grant.issued': 'tokens' }
type AppFigure = 'sign-ins' | 'tokens'
/** The ids of apps that the operator and the staff declare: those that register themselves, or have a document, may be any number. */
const declaredId = /^(?!app_)[a-z0-9][a-z0-9_-]{0,63}$/

const counted = new Set<string>(['session.started', 'factor.proved', ...Object.keys(plain), ...Object.keys(perApp)])

/** Returns what one event adds to for the app that it is about. */
function countedByApp(name: EventName, data: unknown): string | undefined {
  const figure = perApp[name]
  const { client = '' } = data as { client?: string }
  return figure !== undefined && declaredId.test(client) ? ofApp(figure, client) : undefined
}
const ofApp = (figure: AppFigure, client: string) => `${figure}:${client}`

/** Returns what one event adds to. */
function countedBy(name: EventName, data: unknown): Figure[] {
  if (name === 'session.started') {
    const { amr } = data as EventData<'session.started'>
    return amr.includes('pop') ? ['sign-ins', 'passkeys'] : ['sign-ins']
  }
  if (name === 'factor.proved') {
    const figure = `factor-${(data as EventData<'factor.proved'>).factor}`
    return figureNames.filter(each => each === figure)
  }
  const figure = plain[name]
  return figure === undefined ? [] : [figure]
}

export type Figures = ReturnType<typeof figures>

/**
 * Counts what the overview shows. Each process adds up what happened and writes it once a minute, so that no sign-in waits for it: what a
 * process counted in its last minute is lost where it dies.
 */
export function figures({ store, now }: { store: Store; now: () => number }) {
  const kept = store.collection(figuresDeclaration)
  /** What was counted in each hour, by the hour's beginning. */
  let pending = new Map<number, Map<string, number>>()

  const add = (figure: string, when: number): void => {
    const at = when - (when % hour)
    let counts = pending.get(at)
    if (!counts) {
      counts = new Map()
      pending.set(at, counts)
    }
    counts.set(figure, (counts.get(figure) ?? 0) + 1)
  }

  const observer: Observer = {
    observe: ({ name, at, data }) => {
      // Nothing counts most of what happens.
      if (!counted.has(name)) return
      for (const figure of countedBy(name, data)) add(figure, at)
      const ofOne = countedByApp(name, data)
      if (ofOne !== undefined) add(ofOne, at)
    },
  }

  /** Reads how often something was counted in each part of a period, oldest first. */
  const read = async (figure: string, period: Period): Promise<{ at: number; count: number }[]> => {
    const { span, part } = periods[period]
    const last = Math.floor(now() / part) * part
    const first = last - span + part
    const series = `${figure}/${part === hour ? 'hour' : 'day'}`
    const found = await kept.find({ series, at: { gte: first } }, { sort: { by: 'at' }, limit: most })
    const counts = new Map(found.map(({ at, count }) => [at, count]))
    const times = Array.from({ length: span / part }, (_, turn) => first + turn * part)
    return times.map(at => ({ at, count: counts.get(at) ?? 0 }))
  }

  return {
    observer,
    /** Writes what was counted since the last time. */
    flush: async (): Promise<void> => {
      const counted = pending
      pending = new Map()
      for (const [begun, counts] of counted) {
        for (const [figure, count] of counts) {
          for (const { name, part, life } of parts) {
            const at = Math.floor(begun / part) * part
            const series = `${figure}/${name}`
            const id = `${series}/${at}`
            await kept.count(id, 'count', count, { id, series, at, count: 0, expiresAt: at + life })
          }
        }
      }
    },
    /** Returns how often something was counted in each part of a period, oldest first. Times in milliseconds since the epoch. */
    read: (figure: Figure, period: Period) => read(figure, period),
    /** Resolves to how often people signed in to an app, and it was given tokens, in a whole period. */
    ofApp: async (client: string, period: Period): Promise<Record<'signIns' | 'tokens', number>> => {
      const total = async (figure: AppFigure) =>
        (await read(ofApp(figure, client), period)).reduce((sum, { count }) => sum + count, 0)
      const [signIns, tokens] = await Promise.all([total('sign-ins'), total('tokens')])
      return { signIns, tokens }
    },
  }
}
