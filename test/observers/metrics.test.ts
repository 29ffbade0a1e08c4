import { expect } from 'chai'
import { recorder } from '../../src/events.ts'
import { metrics } from '../../src/observers/metrics.ts'

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

  it('counts the limits that were used up, by their names', async () => {
    const { observer, text } = metrics()
    const emit = recorder([observer], () => 0, fault)
    await emit('limit.closed', { limit: 'sms.daily' })
    await emit('limit.closed', { limit: 'sms.daily' })
    expect(line(await text(), 'latchkey_limits_closed_total{limit="sms.daily"}')).to.match(/ 2$/)
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
