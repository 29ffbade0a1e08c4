import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client'
import { postedChannels } from '../delivery/courier.ts'
import { type EventData, events, type Observer, type Recorded } from '../events.ts'
import { Conflict } from '../store/collection.ts'
import type { Heard } from '../store/timed.ts'
import { type Answered, routeOf } from './answered.ts'

/** Routes that have a series of their own, at most. */
const mostRoutes = 200
/** Clients that have a series of their own, at most, beside those that the operator named. */
const mostClients = 50
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** What one process counted, as another can add it up. */
export type Figures = Awaited<ReturnType<Registry['getMetricsAsJSON']>>

interface Options {
  /** Whether the operator named a client: then its tokens are always counted by its id. */
  named?: (client: string) => boolean
}

/** Counts this process's own figures: its events, its requests, its store, its queues, and what it costs to run. */
export function metrics({ named = () => false }: Options = {}) {
  const register = new Registry()
  collectDefaultMetrics({ register })
  // Gauges whose names say that they are counters, which Prometheus warns of: the sums of `nodejs_active_handles` and the like say the same.
  for (const each of ['handles', 'requests', 'resources']) register.removeSingleMetric(`nodejs_active_${each}_total`)
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers: [register] })
  const tally = counter('latchkey_events_total', 'Events by name', 'event', 'level')
  const happened = gathered(tally)
  // From zero, because a rate over a series that begins at one misses its first event.
  for (const [event, { level }] of Object.entries(events)) tally.inc({ event, level }, 0)
  const signIns = counter('latchkey_sign_ins_total', 'Sign-ins, by how they ended and by what', 'outcome', 'method')
  for (const outcome of signInEnds.values()) signIns.inc({ outcome, method: 'any' }, 0)
  for (const method of methods.values()) signIns.inc({ outcome: 'completed', method }, 0)
  const answers = counter('latchkey_factor_answers_total', 'Answers to factors', 'factor', 'outcome')
  const tokens = counter('latchkey_tokens_total', 'Token responses, by grant and client', 'grant', 'client')
  const issued = gathered(tokens)
  const refusals = counter('latchkey_token_refusals_total', 'Token requests that were refused', 'grant', 'code')
  const deliveries = counter('latchkey_deliveries_total', 'Tries to deliver a message', 'channel', 'outcome')
  for (const channel of postedChannels)
    for (const outcome of deliveryOutcomes.values()) deliveries.inc({ channel, outcome }, 0)
  const closed = counter('latchkey_limits_closed_total', 'Limits that were used up, by name', 'limit')
  // The rules of packaging/ tell of these two, at once.
  for (const limit of ['sms.daily', 'sms.daily.unproven']) closed.inc({ limit }, 0)
  const undelivered = counter(
    'latchkey_undelivered_total',
    'Tries to deliver a message that failed, by channel and reason',
    ...(['channel', 'reason'] as const),
  )
  const failures = counter('latchkey_store_failures_total', 'Calls of the store that failed', 'verb')
  for (const verb of ['get', 'find', 'insert', 'put', 'patch', 'count', 'take', 'remove']) failures.inc({ verb }, 0)
  const requests = histogram(
    register,
    'latchkey_request_duration_seconds',
    'Time from the request to the end of its answer',
  )
  const calls = histogram(register, 'latchkey_store_duration_seconds', 'Time that calls of the store took')
  const backedUp = new Gauge({
    name: 'latchkey_backup_last_success_timestamp_seconds',
    help: 'When the last scheduled backup succeeded',
    registers: [register],
    aggregator: 'max',
  })
  const overdue = new Gauge({
    name: 'latchkey_outbox_overdue_seconds',
    help: 'For how long the message that waits longest could have been tried',
    labelNames: ['channel'],
    registers: [register],
    // All processes share one outbox.
    aggregator: 'max',
  })
  const route = first(mostRoutes)
  const client = first(mostClients)

  const observe = ({ name, level, data }: Recorded): void => {
    happened(name, () => ({ event: name, level }))
    const told = data as Record<string, unknown>
    const answer = factorOutcomes.get(name)
    if (answer) answers.inc({ factor: String(told.factor), outcome: answer })
    const delivery = deliveryOutcomes.get(name)
    if (delivery) deliveries.inc({ channel: String(told.channel), outcome: delivery })
    if (name === 'session.started') {
      const { amr } = data as EventData<'session.started'>
      const [, method = 'other'] = [...methods].find(([each]) => amr.includes(each)) ?? []
      signIns.inc({ outcome: 'completed', method })
    }
    const ended = signInEnds.get(name)
    if (ended) signIns.inc({ outcome: ended, method: 'any' })
    if (name === 'grant.issued') {
      const { client: id, type } = data as EventData<'grant.issued'>
      const to = named(id) ? id : client(id)
      issued(`${type} ${to}`, () => ({ grant: type, client: to }))
    }
    if (name === 'grant.refused' || name === 'grant.turned-away') {
      const { type = 'unknown', code } = data as EventData<'grant.refused'>
      refusals.inc({ grant: type, code })
    }
    if (name === 'message.delayed' || name === 'message.abandoned') {
      const { channel, reason = 'failed' } = data as EventData<'message.delayed'>
      undelivered.inc({ channel, reason })
    }
    if (name === 'limit.closed') closed.inc({ limit: (data as EventData<'limit.closed'>).limit })
  }

  return {
    /** Tallies every event by its name, and what matters by more than that. */
    observer: { observe } satisfies Observer,
    /** Times a request by its route. A route is known once it was answered well, so that strangers cannot grow the figures without end. */
    answered: ({ method, path, status, took }: Omit<Answered, 'request'>): void => {
      const at = route(routeOf(path), status < 400)
      const family = `${Math.floor(status / 100)}xx`
      requests(`${method} ${family} ${at}`, took / 1_000, () => ({ method, route: at, status: family }))
    },
    /** Times a call of the store, and counts it where it failed. */
    called: ((verb, took, fault) => {
      calls(verb, took / 1_000, () => ({ verb }))
      if (fault !== undefined && !(fault instanceof Conflict)) failures.inc({ verb })
    }) satisfies Heard,
    /** Says when the last scheduled backup succeeded, in milliseconds since the epoch. */
    backedUp: (at: number): void => backedUp.set(at / 1_000),
    /** Says for how many milliseconds the oldest message of each channel could have been tried. */
    overdue: (messages: readonly { channel: string; since: number }[]): void => {
      for (const { channel, since } of messages) overdue.set({ channel }, since / 1_000)
    },
    /** Reads the length of a queue of this process at each scrape. */
    queue: (name: string, length: () => number): void => {
      new Gauge({
        name: `latchkey_${name}_waiting`,
        help: `How many wait for ${name}`,
        registers: [register],
        collect() {
          this.set(length())
        },
      })
    },
    /** Resolves to what `/metrics` answers, in Prometheus' text format 0.0.4. */
    text: (): Promise<string> => register.metrics(),
    /** Resolves to the figures in a form that can be sent to another process and added up there. */
    figures: async (): Promise<Figures> => {
      const all = await register.getMetricsAsJSON()
      // A mean of worst cases would hide the one worker that is stuck.
      return all
        .filter(({ aggregator }) => aggregator !== 'omit')
        .map(each => (/_lag_p\d+_seconds$/.test(each.name) ? { ...each, aggregator: 'max' } : each))
    },
    /** The media type of `text`. */
    type: register.contentType,
  }
}

/** What a session was begun with, strongest first, by RFC 8176's names of it. */
const methods = new Map([
  ['pop', 'passkey'],
  ['sms', 'sms'],
  ['otp', 'code'],
  ['pwd', 'password'],
])
/** How a sign-in ends that does not lead to a session. */
const signInEnds = new Map<string, string>([
  ['sign-in.held', 'held'],
  ['sign-in.refused', 'refused'],
  ['sign-in.denied', 'denied'],
])
/** What became of an answer to a factor. */
const factorOutcomes = new Map<string, string>([
  ['factor.proved', 'proved'],
  ['factor.refused', 'refused'],
  ['factor.throttled', 'throttled'],
  ['factor.turned-away', 'throttled'],
])
/** What became of a message, or of word to an app. */
const deliveryOutcomes = new Map<string, string>([
  ['message.sent', 'sent'],
  ['message.delayed', 'delayed'],
  ['message.abandoned', 'abandoned'],
])

/** Returns a function that returns what it is given the first so many times that it is something new, and `other` for what comes later. */
function first(most: number): (label: string, counts?: boolean) => string {
  const known = new Set<string>()
  return (label, counts = true) => {
    if (counts && known.size < most) known.add(label)
    return known.has(label) ? label : 'other'
  }
}

/**
 * Returns a function that adds one to a series of a counter: it is gathered under one key, and the counter is told when it is read, because
 * it checks and sorts labels each time.
 */
function gathered<Label extends string>(counter: Counter<Label>) {
  const known = new Map<string, { labels: Record<Label, string>; times: number }>()
  const collect = (): void => {
    for (const each of known.values()) {
      counter.inc(each.labels, each.times)
      each.times = 0
    }
  }
  Object.assign(counter, { collect })
  return (key: string, labels: () => Record<Label, string>): void => {
    const one = known.get(key)
    if (one) one.times += 1
    else known.set(key, { labels: labels(), times: 1 })
  }
}

interface Series {
  labels: Record<string, string>
  /** How many observations were within each bound, and above the bound before it; the last, above all of them. */
  counts: number[]
  sum: number
}

/**
 * Returns a function that adds an observation, in seconds, to a series of a histogram. Every request and every call of the store does: a
 * series is found by one key, where the library's own histogram checks, sorts and joins labels each time.
 */
function histogram(register: Registry, name: string, help: string) {
  const series = new Map<string, Series>()
  const values = ({ labels, counts, sum }: Series) => {
    let value = 0
    const buckets = [...durations, '+Inf'].map((le, at) => {
      value += counts[at] ?? 0
      return { metricName: `${name}_bucket`, labels: { le, ...labels }, value }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: sum },
      { metricName: `${name}_count`, labels, value },
    ]
  }
  const get = async () => ({
    ...{ name, help, type: 'histogram', aggregator: 'sum' },
    values: [...series.values()].flatMap(values),
  })
  register.registerMetric({ name, get } as unknown as Metric)
  return (key: string, seconds: number, labels: () => Record<string, string>): void => {
    let one = series.get(key)
    if (!one) {
      one = { labels: labels(), counts: Array(durations.length + 1).fill(0), sum: 0 }
      series.set(key, one)
    }
    let at = 0
    while (seconds > (durations[at] as number)) at += 1
    one.counts[at] = (one.counts[at] as number) + 1
    one.sum += seconds
  }
}
