import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { events, type Observer } from '../events.ts'
import { type Answered, routeOf } from './answered.ts'

const most = 200

/** Counts this process's own figures: its events, its requests, and what it costs to run. */
export function metrics() {
  const register = new Registry()
  collectDefaultMetrics({ register })
  const tally = new Counter({
    name: 'latchkey_events_total',
    help: 'Events by name',
    labelNames: ['event', 'level'],
    registers: [register],
  })
  // From zero, because a rate over a series that begins at one misses its first event.
  for (const [event, { level }] of Object.entries(events)) tally.inc({ event, level }, 0)
  const closed = new Counter({
    name: 'latchkey_limits_closed_total',
    help: 'Limits that were used up, by name',
    labelNames: ['limit'],
    registers: [register],
  })
  const undelivered = new Counter({
    name: 'latchkey_undelivered_total',
    help: 'Tries to deliver a message that failed, by channel and reason',
    labelNames: ['channel', 'reason'],
    registers: [register],
  })
  const durations = new Histogram({
    name: 'latchkey_request_duration_seconds',
    help: 'Time from the request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [register],
  })
  const backedUp = new Gauge({
    name: 'latchkey_backup_last_success_timestamp_seconds',
    help: 'When the last scheduled backup succeeded',
    registers: [register],
  })
  const known = knowing()
  return {
    /** Tallies every event by its name. */
    observer: {
      observe: ({ name, level, data }) => {
        tally.inc({ event: name, level })
        if (name === 'message.delayed' || name === 'message.abandoned') {
          const { channel, reason = 'failed' } = data as { channel: string; reason?: string }
          undelivered.inc({ channel, reason })
        }
        if (name === 'limit.closed') closed.inc({ limit: String((data as { limit: string }).limit) })
      },
    } satisfies Observer,
    /** Times a request by its route. */
    answered: ({ method, path, status, took }: Omit<Answered, 'request'>): void => {
      const labels = { method, route: known(routeOf(path), status), status: `${Math.floor(status / 100)}xx` }
      durations.observe(labels, took / 1_000)
    },
    /** Says when the last scheduled backup succeeded, in milliseconds since the epoch. */
    backedUp: (at: number): void => backedUp.set(at / 1_000),
    /** Returns what `/metrics` answers, in Prometheus' text format 0.0.4. */
    text: () => register.metrics(),
  }
}

/** A route is known once it was answered well; any other is `other`, so that strangers cannot grow the figures without end. */
function knowing(): (route: string, status: number) => string {
  const routes = new Set<string>()
  return (route, status) => {
    if (status < 400 && routes.size < most) routes.add(route)
    return routes.has(route) ? route : 'other'
  }
}
