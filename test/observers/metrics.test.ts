import { expect } from 'chai'
import { z } from 'zod'
import type { EventData, EventName } from '../../src/events.ts'
import { metrics } from '../../src/observers/metrics.ts'
import { recorder } from '../../src/observers/recorder.ts'
import { declare } from '../../src/store/collection.ts'
import { timed } from '../../src/store/timed.ts'
import { failing } from '../support/failing.ts'
import { testStore } from '../support/store.ts'

const thing = declare({ name: 'things', shape: z.object({ id: z.string() }) })

describe('metrics', () => {
  const fault = (met: unknown) => {
    throw met
  }
  const line = (text: string, start: string) => text.split('\n').find(each => each.startsWith(start))

  it('tallies each event by its name', async () => {
    const { observer, text } = metrics()
    const emit = recorder([observer], () => 0, fault)
    await emit('grant.issued', { client: 'trading', type: 'refresh_token' })
    await emit('grant.issued', { client: 'card', type: 'refresh_token' })
    expect(line(await text(), 'latchkey_events_total{event="grant.issued"')).to.match(/,level="routine"} 2$/)
  })

  it('counts from nought, so that no first event is missed', async () => {
    expect(line(await metrics().text(), 'latchkey_events_total{event="token.reused"')).to.match(/,level="warning"} 0$/)
  })

  it('calls only counters a total, as Prometheus wants it', async () => {
    const kinds = [...(await metrics().text()).matchAll(/^# TYPE (\w+_total) (\w+)$/gm)]
    expect(kinds.length).to.be.greaterThan(10)
    expect(kinds.filter(([, , kind]) => kind !== 'counter')).to.deep.equal([])
  })

  it('counts the limits that were used up, by their names', async () => {
    const { observer, text } = metrics()
    const emit = recorder([observer], () => 0, fault)
    await emit('limit.closed', { limit: 'sms.daily' })
    await emit('limit.closed', { limit: 'sms.daily' })
    expect(line(await text(), 'latchkey_limits_closed_total{limit="sms.daily"}')).to.match(/ 2$/)
  })

  /** What the figures say after one event. */
  const upon = async <N extends EventName>(name: N, data: EventData<N>): Promise<string> => {
    const { observer, text } = metrics({ named: id => id === 'trading' })
    await recorder([observer], () => 0, fault)(name, data)
    return text()
  }
  const session = { account: 'a', session: 's', acr: 'mfa' }
  const proof = { account: 'a', factor: 'totp', credential: 'c' }
  const message = { message: 'm', channel: 'email', tries: 1 } as const
  const table: [string, () => Promise<string>][] = [
    [
      'latchkey_sign_ins_total{outcome="completed",method="passkey"} 1',
      () => upon('session.started', { ...session, amr: ['pop', 'user'] }),
    ],
    [
      'latchkey_sign_ins_total{outcome="completed",method="sms"} 1',
      () => upon('session.started', { ...session, amr: ['pwd', 'sms'] }),
    ],
    [
      'latchkey_sign_ins_total{outcome="completed",method="other"} 1',
      () => upon('session.started', { ...session, amr: [] }),
    ],
    [
      'latchkey_sign_ins_total{outcome="held",method="any"} 1',
      () => upon('sign-in.held', { account: 'a', why: ['new-device'] }),
    ],
    ['latchkey_factor_answers_total{factor="totp",outcome="proved"} 1', () => upon('factor.proved', proof)],
    [
      'latchkey_factor_answers_total{factor="totp",outcome="refused"} 1',
      () => upon('factor.refused', { factor: 'totp', code: 'wrong_code' }),
    ],
    [
      'latchkey_factor_answers_total{factor="totp",outcome="throttled"} 1',
      () => upon('factor.throttled', { factor: 'totp', by: 'account' }),
    ],
    [
      'latchkey_tokens_total{grant="refresh_token",client="trading"} 1',
      () => upon('grant.issued', { client: 'trading', type: 'refresh_token' }),
    ],
    [
      'latchkey_token_refusals_total{grant="refresh_token",code="invalid_grant"} 1',
      () => upon('grant.refused', { client: 'trading', type: 'refresh_token', code: 'invalid_grant' }),
    ],
    [
      'latchkey_token_refusals_total{grant="unknown",code="invalid_client"} 1',
      () => upon('grant.turned-away', { code: 'invalid_client' }),
    ],
    ['latchkey_deliveries_total{channel="email",outcome="sent"} 1', () => upon('message.sent', message)],
    [
      'latchkey_deliveries_total{channel="email",outcome="abandoned"} 1',
      () => upon('message.abandoned', { ...message, reason: 'refused' }),
    ],
    [
      'latchkey_undelivered_total{channel="email",reason="refused"} 1',
      () => upon('message.delayed', { ...message, reason: 'refused' }),
    ],
  ]
  for (const [series, told] of table)
    it(`counts ${series}`, async () => expect((await told()).split('\n')).to.include(series))

  it('counts the tokens of apps that the operator named by their ids, and of others until there are fifty', async () => {
    const { observer, text } = metrics({ named: id => id === 'trading' })
    const emit = recorder([observer], () => 0, fault)
    for (let each = 0; each < 60; each += 1) await emit('grant.issued', { client: `registered-${each}`, type: 'ciba' })
    await emit('grant.issued', { client: 'trading', type: 'ciba' })
    const told = await text()
    expect(told.match(/^latchkey_tokens_total\{/gm)).to.have.length(50 + 1 + 1)
    expect(line(told, 'latchkey_tokens_total{grant="ciba",client="other"}')).to.match(/ 10$/)
    expect(line(told, 'latchkey_tokens_total{grant="ciba",client="trading"}')).to.match(/ 1$/)
  })

  it('times the calls of the store, and counts those that failed and not those that lost to another', async () => {
    const { called, text } = metrics()
    const broken = failing(await testStore(() => 0))
    const things = timed(broken.store, called).collection(thing)
    await things.insert({ id: 'one' })
    await things.insert({ id: 'one' }).catch(() => {})
    broken.failAt(0, { after: false, dead: false })
    const fault = await things.get('one').catch((met: unknown) => met)
    expect(fault).to.be.instanceOf(Error)
    expect(await things.get('one')).to.deep.equal({ id: 'one' })
    await broken.store.close()
    const told = await text()
    expect(line(told, 'latchkey_store_duration_seconds_count{verb="insert"}')).to.match(/ 2$/)
    expect(line(told, 'latchkey_store_duration_seconds_count{verb="get"}')).to.match(/ 2$/)
    expect(line(told, 'latchkey_store_failures_total{verb="get"}')).to.match(/ 1$/)
    expect(line(told, 'latchkey_store_failures_total{verb="insert"}')).to.match(/ 0$/)
  })

  it('reads how many wait at each scrape, and says how long messages have waited', async () => {
    const { queue, overdue, text } = metrics()
    let waiting = 3
    queue('hashing', () => waiting)
    expect(line(await text(), 'latchkey_hashing_waiting ')).to.match(/ 3$/)
    waiting = 0
    overdue([{ channel: 'sms', since: 1_500 }])
    const told = await text()
    expect(line(told, 'latchkey_hashing_waiting ')).to.match(/ 0$/)
    expect(line(told, 'latchkey_outbox_overdue_seconds{channel="sms"}')).to.match(/ 1.5$/)
  })

  it('says when the last scheduled backup succeeded', async () => {
    const { backedUp, text } = metrics()
    backedUp(1_767_225_600_000)
    expect(line(await text(), 'latchkey_backup_last_success_timestamp_seconds ')).to.match(/ 1767225600$/)
  })

  it('gathers how long requests took, by route and class of status', async () => {
    const { answered, text } = metrics()
    answered({ method: 'POST', path: '/token', status: 200, took: 3 })
    answered({ method: 'POST', path: '/token', status: 201, took: 30 })
    answered({ method: 'POST', path: '/token', status: 400, took: 1 })
    const told = await text()
    const labels = 'method="POST",route="/token",status="2xx"'
    expect(told).to.include(`latchkey_request_duration_seconds_bucket{le="0.005",${labels}} 1\n`)
    expect(told).to.include(`latchkey_request_duration_seconds_bucket{le="+Inf",${labels}} 2\n`)
    expect(told).to.include(`latchkey_request_duration_seconds_sum{${labels}} 0.033\n`)
    expect(told).to.include(`latchkey_request_duration_seconds_count{${labels}} 2\n`)
    expect(told).to.include('latchkey_request_duration_seconds_count{method="POST",route="/token",status="4xx"} 1\n')
  })

  it('does not grow with the paths that strangers make up', async () => {
    const { answered, text } = metrics()
    for (const status of [400, 403, 404, 500]) {
      for (const name of ['abc', 'abd', 'abe']) answered({ method: 'GET', path: `/${name}`, status, took: 1 })
    }
    for (let turn = 0; turn < 300; turn += 1) {
      const name = [...String(turn)].map(digit => 'abcdefghij'[Number(digit)]).join('')
      answered({ method: 'GET', path: `/found/${name}`, status: 200, took: 1 })
    }
    const series = (await text()).match(/^latchkey_request_duration_seconds_count/gm)
    expect(series).to.have.length(3 + 200)
  })

  it('tells what the process costs', async () => {
    const told = await metrics().text()
    expect(line(told, 'process_cpu_seconds_total ')).to.match(/ \d/)
    expect(line(told, 'process_resident_memory_bytes ')).to.match(/ [1-9]\d+/)
  })

  it('keeps one set of figures apart from another', async () => {
    const [one, other] = [metrics(), metrics()]
    await recorder([one.observer], () => 0, fault)('token.revoked', { client: 'wallet' })
    expect(line(await other.text(), 'latchkey_events_total{event="token.revoked"')).to.match(/ 0$/)
  })
})
