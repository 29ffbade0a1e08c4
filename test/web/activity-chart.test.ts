import { expect } from 'chai'
import type { SessionRecord } from '../../src/accounts/session.ts'
import { chartOf } from '../../src/web/activity-chart.ts'

const now = Date.UTC(2026, 2, 3, 9, 41)
const day = 24 * 3_600_000
const record = (startedAt: number, country?: string) => ({ startedAt, country }) as SessionRecord

describe('the chart of sign-ins', () => {
  it('is not there without a sign-in in 90 days', () => {
    expect(chartOf([], now, undefined)).to.equal(undefined)
    expect(chartOf([record(now - 91 * day, 'AT')], now, 'UTC')).to.equal(undefined)
  })

  it('counts by day and country, oldest day first, today last', () => {
    const chart = chartOf(
      [record(now, 'AT'), record(now, 'AT'), record(now, 'BR'), record(now - 89 * day, 'AT')],
      now,
      'UTC',
    )
    expect(chart?.days).to.have.length(90)
    expect(chart?.countries).to.deep.equal(['AT', 'BR'])
    expect(chart?.days.at(-1)).to.deep.include({ day: '2026-03-03', counts: [2, 1] })
    expect(chart?.days[0]?.counts).to.deep.equal([1, 0])
    expect(chart).to.include({ highest: 3, total: 4, of: 2, others: false })
  })

  it('puts a sign-in on the day of the reader’s zone, through a change of the clocks', () => {
    const late = Date.UTC(2026, 2, 2, 23, 30)
    const on = (zone: string) =>
      chartOf([record(late, 'AT')], now, zone)?.days.find(({ counts }) => counts[0] === 1)?.day
    expect([on('UTC'), on('Europe/Vienna'), on('America/New_York')]).to.deep.equal([
      '2026-03-02',
      '2026-03-03',
      '2026-03-02',
    ])
    const after = Date.UTC(2026, 3, 20)
    const days = chartOf([record(after, 'AT')], after, 'America/New_York')?.days.map(each => each.day) ?? []
    expect([days.length, new Set(days).size]).to.deep.equal([90, 90])
  })

  it('puts the rarest countries together, and those that are not known by themselves', () => {
    const codes = ['FR', 'BR', 'SH', 'AT', 'AT', 'AT', 'BR', 'DE', 'DE', '', '']
    const chart = chartOf(
      codes.map(code => record(now, code || undefined)),
      now,
      undefined,
    )
    expect(chart?.countries).to.have.length(4)
    expect(chart?.countries[0]).to.equal('AT')
    expect(chart?.countries).to.include('')
    expect(chart?.days.at(-1)?.counts).to.deep.equal([3, 2, 2, 2, 2])
  })
})
