/** What Prometheus saw: series by their names, in the notation of `promtool test rules`, and when it looks. */
interface Case {
  /** How far apart the samples are; a minute unless told. */
  interval?: string
  at: string
  series: Record<string, string>
}
type Labels = Record<string, string>
interface Alert {
  /** Just enough for it to fire; no other alert fires then. */
  fires: Case & { labels: Labels; summary: string }
  /** Just not enough: nothing fires. */
  calm: Case
}

const here = 'instance="a:3000",job="latchkey"'
const [instance, both] = [{ instance: 'a:3000' }, { instance: 'a:3000', job: 'latchkey' }]
const [critical, warning] = [{ severity: 'critical' }, { severity: 'warning' }]

const figure = (name: string, labels = ''): string => `${name}{${labels && `${labels},`}${here}}`
const buckets = (name: string, labels: string, counts: Record<string, number>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(counts).map(([le, each]) => [figure(`${name}_bucket`, `${labels}le="${le}"`), `0+${each}x40`]),
  )
const requests = (status: string) => figure('latchkey_request_duration_seconds_count', `status="${status}"`)
const event = (name: string) => figure('latchkey_events_total', `event="${name}",level="warning"`)
const workers = (state: string) => figure('latchkey_workers', `state="${state}"`)
const overdue = (channel: string) => figure('latchkey_outbox_overdue_seconds', `channel="${channel}"`)
const limit = (name: string) => figure('latchkey_limits_closed_total', `limit="${name}"`)
const delivered = (outcome: string) => figure('latchkey_deliveries_total', `channel="email",outcome="${outcome}"`)
const completed = figure('latchkey_sign_ins_total', 'outcome="completed",method="sms"')

/** Events that are worth an alert once more than so many happened. Rules are looked at between two samples, as they are outside of tests. */
const counted = (name: string, most: number, severity: Labels, told: (times: number) => string): Alert => {
  const of = (times: number) => ({ [event(name)]: `100+0x9 ${100 + times}+0x20` })
  return {
    fires: { at: '20m30s', series: of(most + 1), labels: severity, summary: told(most + 1) },
    calm: { at: '20m30s', series: of(most) },
  }
}

/** Events of which one is worth an alert, by machine. */
const once = (name: string, summary: string): Alert => ({
  fires: {
    ...{ at: '10m', series: { [event(name)]: '0+0x5 1+0x5' }, summary },
    labels: { ...both, ...warning, event: name, level: 'warning' },
  },
  calm: { at: '10m', series: { [event(name)]: '1+0x10' } },
})

/** The share of what went wrong: both cases in a hundredth or a tenth of a percent. */
const share = (bad: string, good: string, [wrong, all]: readonly [number, number]) => ({
  [bad]: `0+${wrong}x40`,
  [good]: `0+${all - wrong}x40`,
})

/** Every alert of packaging/prometheus-rules.yaml: when it fires and what it says, and when it does not yet. */
export const alerts: Record<string, Alert> = {
  LatchkeyDown: {
    fires: {
      ...{ at: '3m', series: { [figure('up')]: '1 0 0 0' }, labels: { ...both, ...critical } },
      summary: 'a:3000 does not answer its scrapes',
    },
    calm: { at: '3m', series: { [figure('up')]: '0 1 1 0' } },
  },
  LatchkeyFails: {
    fires: {
      ...{ at: '15m', series: share(requests('5xx'), requests('2xx'), [2, 100]), labels: { ...instance, ...critical } },
      summary: '2% of the answers of a:3000 are 5xx',
    },
    calm: { at: '15m', series: share(requests('5xx'), requests('2xx'), [9, 1000]) },
  },
  LatchkeyTokensSlow: {
    fires: {
      ...{ at: '25m', labels: { ...instance, ...warning } },
      series: buckets('latchkey_request_duration_seconds', 'route="/token",', { 0.5: 95, 1: 100, '+Inf': 100 }),
      summary: 'One token request in a hundred takes 900ms or more at a:3000',
    },
    // Other routes may be slow.
    calm: {
      at: '25m',
      series: {
        ...buckets('latchkey_request_duration_seconds', 'route="/token",', { 0.5: 995, 1: 1000, '+Inf': 1000 }),
        ...buckets('latchkey_request_duration_seconds', 'route="/sign-in",', { 0.5: 0, 1: 100, '+Inf': 100 }),
      },
    },
  },
  LatchkeyEventLoopLate: {
    fires: {
      ...{
        at: '6m',
        series: { [figure('nodejs_eventloop_lag_p99_seconds')]: '0.3+0x10' },
        labels: { ...both, ...warning },
      },
      summary: 'A process at a:3000 is 300ms late: it has too much to do, or too few workers',
    },
    calm: { at: '6m', series: { [figure('nodejs_eventloop_lag_p99_seconds')]: '0.3 0.3 0.3 0.2 0.3 0.3 0.3' } },
  },
  LatchkeyHashesWait: {
    fires: {
      ...{ at: '4m', series: { [figure('latchkey_hashing_waiting')]: '33+0x10' }, labels: { ...both, ...warning } },
      summary: '33 passwords wait for their hash at a:3000: more sign-ins than its cores can do, or a flood',
    },
    calm: { at: '4m', series: { [figure('latchkey_hashing_waiting')]: '32+0x10' } },
  },
  LatchkeyWorkerSilent: {
    fires: {
      ...{ at: '4m', series: { [workers('silent')]: '0 1 1 1 1', [workers('answering')]: '2 1 1 1 1' } },
      ...{ labels: { ...both, ...warning, state: 'silent' }, summary: '1 workers of a:3000 do not answer' },
    },
    calm: { at: '4m', series: { [workers('silent')]: '0 1 0 0 1', [workers('answering')]: '2 1 2 2 1' } },
  },
  LatchkeyWorkersDie: {
    fires: {
      ...{ at: '20m30s', series: { [figure('latchkey_worker_deaths_total')]: '0+0x9 1 2 3+0x20' } },
      ...{ labels: { ...both, ...warning }, summary: 'Workers of a:3000 end by themselves again and again' },
    },
    calm: { at: '20m30s', series: { [figure('latchkey_worker_deaths_total')]: '7+0x9 8 9+0x20' } },
  },
  LatchkeyDescriptors: {
    fires: {
      ...{ at: '7m', series: { [figure('process_open_fds')]: '900+0x10', [figure('process_max_fds')]: '1000+0x10' } },
      ...{ labels: { ...both, ...warning }, summary: 'a:3000 uses 90% of the descriptors that it may have' },
    },
    calm: { at: '7m', series: { [figure('process_open_fds')]: '800+0x10', [figure('process_max_fds')]: '1000+0x10' } },
  },
  LatchkeyAppsRefused: once('clients.refused', 'clients.json of a:3000 has faults: the former apps are served'),
  LatchkeyStoreFails: {
    fires: {
      ...{ at: '10m', series: { [figure('latchkey_store_failures_total', 'verb="put"')]: '0+7x20' } },
      ...{ labels: { ...instance, ...critical }, summary: 'Calls of the store fail at a:3000: see /health/ready' },
    },
    calm: { at: '10m', series: { [figure('latchkey_store_failures_total', 'verb="put"')]: '0+5x20' } },
  },
  LatchkeyStoreSlow: {
    fires: {
      ...{ at: '25m', labels: { ...instance, ...warning } },
      series: buckets('latchkey_store_duration_seconds', 'verb="put",', { 0.25: 95, 0.5: 100, '+Inf': 100 }),
      summary: 'One call of the store in a hundred takes 450ms or more at a:3000',
    },
    calm: {
      at: '25m',
      series: buckets('latchkey_store_duration_seconds', 'verb="put",', { 0.25: 995, 0.5: 1000, '+Inf': 1000 }),
    },
  },
  LatchkeyBackupFailed: once('backup.failed', 'A scheduled backup failed at a:3000'),
  LatchkeyBackupOld: {
    fires: {
      ...{ interval: '5m', at: '51h', labels: warning },
      // One machine has made none; the other made one an hour after the beginning.
      series: {
        [figure('latchkey_backup_last_success_timestamp_seconds')]: '0+0x700',
        'latchkey_backup_last_success_timestamp_seconds{instance="b:3000",job="latchkey"}': '3600+0x700',
      },
      summary: 'The last scheduled backup is 2d 2h 0m 0s old',
    },
    // It is not made at all where no folder is named.
    calm: {
      interval: '5m',
      at: '51h',
      series: { [figure('latchkey_backup_last_success_timestamp_seconds')]: '0+0x700' },
    },
  },
  LatchkeyClockJumped: once('clock.jumped', 'The clock of a:3000 jumped'),
  LatchkeyMessagesWait: {
    fires: {
      ...{ at: '5m', series: { [overdue('email')]: '121+0x10' }, labels: { ...critical, channel: 'email' } },
      summary: 'The oldest message by email has waited for 2m 1s after it was due',
    },
    // Word to apps may wait: they may be away.
    calm: { at: '5m', series: { [overdue('sms')]: '120+0x10', [overdue('logout')]: '5000+0x10' } },
  },
  LatchkeyMessagesDelayed: {
    fires: {
      ...{ at: '25m', series: share(delivered('delayed'), delivered('sent'), [30, 100]) },
      ...{ labels: { ...warning, channel: 'email' }, summary: '30% of the tries by email fail' },
    },
    calm: { at: '25m', series: share(delivered('delayed'), delivered('sent'), [19, 100]) },
  },
  LatchkeyMessagesAbandoned: {
    fires: {
      ...{ at: '40m30s', series: { [delivered('abandoned')]: '100+0x20 106+0x30' } },
      ...{ labels: { ...warning, channel: 'email' }, summary: '6 messages by email were given up' },
    },
    calm: { at: '40m30s', series: { [delivered('abandoned')]: '100+0x20 105+0x30' } },
  },
  LatchkeyAppDoesNotHear: once(
    'logout.failed',
    'An app does not hear who signed out: logout.failed in the log names it',
  ),
  LatchkeyTextsUsedUp: {
    fires: {
      ...{ at: '10m', series: { [limit('sms.daily.unproven')]: '0+0x5 1+0x5' } },
      labels: { ...critical, limit: 'sms.daily.unproven' },
      summary: 'The texts of the day are used up (sms.daily.unproven): somebody pumps texts, or the limit is too low',
    },
    calm: { at: '10m', series: { [limit('sms.daily')]: '1+0x10', [limit('sms.number')]: '0+5x10' } },
  },
  LatchkeyTokensReused: counted(
    'token.reused',
    5,
    critical,
    n => `${n} refresh tokens were used a second time: an app may leak them`,
  ),
  LatchkeyGuessing: {
    fires: {
      ...{
        at: '20m30s',
        series: { [event('factor.throttled')]: '0+0x9 40+0x20', [event('sign-in.shut')]: '0+0x9 11+0x20' },
      },
      // Of 51 in the 14 minutes between the samples it makes 53 in 15.
      ...{ labels: warning, summary: 'Somebody is guessing: limits of 53 accounts, addresses or devices were used up' },
    },
    calm: {
      at: '20m30s',
      series: { [event('factor.throttled')]: '0+0x9 40+0x20', [event('sign-in.shut')]: '0+0x9 8+0x20' },
    },
  },
  LatchkeyPasswordsKnown: counted(
    'factor.guessed',
    3,
    critical,
    n => `Somebody knows the passwords of ${n} accounts and guesses their second factors`,
  ),
  LatchkeySignInsDisowned: counted('account.disowned', 3, critical, n => `${n} owners say that it was not them`),
  LatchkeySignInsDrop: {
    // From ten sign-ins a minute to one, after a day and an hour.
    fires: {
      ...{ interval: '5m', at: '26h', series: { [completed]: '0+50x300 15005+5x20' }, labels: warning },
      summary: 'Less than a fifth of the sign-ins of the same hour yesterday',
    },
    calm: { interval: '5m', at: '26h', series: { [completed]: '0+50x300 15015+15x20' } },
  },
}
