import { z } from 'zod'

/** How much it matters. What is `routine` (a token that was asked for and given) is tallied and not kept. */
export type Level = 'routine' | 'info' | 'notice' | 'warning'

interface Declared<S extends z.ZodObject> {
  level: Level
  data: S
}

const event = <S extends z.ZodRawShape>(level: Level, data: S): Declared<z.ZodObject<S>> => ({
  level,
  data: z.strictObject(data) as unknown as z.ZodObject<S>,
})

const account = z.string()
const factor = z.string()
const client = z.string()

/** Every event once, named thing.past-participle: its data and its level. Data is strict, so that nothing undeclared, and no secret, reaches a log. */
export const events = {
  'account.created': event('info', { account }),
  'sign-up.started': event('info', { taken: z.boolean() }),
  'factor.enrolled': event('notice', { account, factor, credential: z.string() }),
  'factor.proved': event('info', { account, factor, credential: z.string() }),
  'factor.refused': event('notice', { account: account.optional(), factor, code: z.string() }),
  'factor.throttled': event('warning', {
    account: account.optional(),
    factor,
    by: z.enum(['account', 'address', 'pair', 'device']),
  }),
  'code.sent': event('info', { account: account.optional(), factor, channel: z.enum(['email', 'sms']) }),
  'session.started': event('info', { account, session: z.string(), acr: z.string(), amr: z.array(z.string()) }),
  'session.ended': event('info', {
    account,
    session: z.string(),
    why: z.enum(['signed-out', 'ended', 'expired', 'token-reused']),
  }),
  'consent.granted': event('info', { account, client, scope: z.string() }),
  'consent.refused': event('info', { account, client }),
  'grant.issued': event('routine', { client, account: account.optional(), type: z.string() }),
  'grant.refused': event('notice', { client: client.optional(), type: z.string().optional(), code: z.string() }),
  'token.replayed': event('info', { client, account: account.optional() }),
  'token.reused': event('warning', { client, account: account.optional(), grant: z.string() }),
  'token.revoked': event('info', { client }),
  'logout.delivered': event('info', { client, account }),
  'logout.failed': event('warning', { client, account }),
  'keys.created': event('notice', { kid: z.string(), alg: z.string() }),
  'message.sent': event('info', { message: z.string(), channel: z.enum(['email', 'sms']), tries: z.number() }),
  'message.delayed': event('warning', { message: z.string(), channel: z.enum(['email', 'sms']), tries: z.number() }),
  'message.abandoned': event('warning', { message: z.string(), channel: z.enum(['email', 'sms']), tries: z.number() }),
} as const

export type EventName = keyof typeof events
export type EventData<N extends EventName> = z.output<(typeof events)[N]['data']>

/** Where an event came from; all of it optional, because some come from Latchkey itself. */
export interface Origin {
  address?: string | undefined
  agent?: string | undefined
  device?: string | undefined
  request?: string | undefined
}

export interface Recorded<N extends EventName = EventName> {
  name: N
  level: Level
  /** Milliseconds since the epoch. */
  at: number
  data: EventData<N>
  origin: Origin
}

/** Reads events. `awaited` ones (audit) are waited for and may fail the act; the others are told without blocking. */
export interface Observer {
  awaited?: true
  observe(recorded: Recorded): void | Promise<void>
}

export type Record = <N extends EventName>(name: N, data: EventData<N>, origin?: Origin) => Promise<void>

/** Makes `record` for these observers. Its data is parsed by its declaration: throws ZodError, and tells nobody, for a field that is not declared. */
export function recorder(observers: readonly Observer[], now: () => number, onFault: (fault: unknown) => void): Record {
  return async (name, data, origin = {}) => {
    const { level, data: shape } = events[name]
    const recorded: Recorded = { name, level, at: now(), data: shape.parse(data) as EventData<EventName>, origin }
    await Promise.all(observers.filter(each => each.awaited).map(each => each.observe(recorded)))
    for (const each of observers) {
      if (!each.awaited)
        void Promise.resolve()
          .then(() => each.observe(recorded))
          .catch(onFault)
    }
  }
}
