import { expect } from 'chai'
import { grown, rowsGrown } from '../../bench/growth.ts'

const minute = 60_000
const looks = (value: (at: number) => number) =>
  Array.from({ length: 61 }, (_, at) => ({ at: at * minute, value: value(at) }))
const bounds = { from: 10 * minute, share: 0.05, floor: 2 }

describe('what a soak calls flat', () => {
  it('is what rises and falls, and what only grew before it settled', () => {
    const flat = (value: (at: number) => number) => grown('heap', looks(value), bounds)?.flat
    expect(flat(at => 100 + (at % 2 ? 8 : -8))).to.equal(true)
    expect(flat(at => Math.min(at, 10) * 10)).to.equal(true)
    expect(flat(at => 100 - at / 2)).to.equal(true)
  })

  it('is nothing that goes on growing, however unsteadily', () => {
    const found = grown(
      'heap',
      looks(at => 100 + at / 2 + (at % 2 ? 8 : -8)),
      bounds,
    )
    expect(found?.flat).to.equal(false)
    expect(found?.hourly).to.be.closeTo(30, 1)
  })

  it('is not told from too few looks', () => {
    expect(grown('heap', looks(() => 100).slice(0, 14), bounds)).to.equal(undefined)
  })

  it('is of rows what their life allows: they may grow until the first have ended, and must be swept', () => {
    const rows = (ending: (at: number) => number, overdue = 0) =>
      looks(ending).map(({ at, value }) => ({ at, ending: value, endless: 3, longest: 30 * minute, overdue }))
    const swept = rowsGrown(
      'attempts',
      rows(at => Math.min(at, 30) * 10),
      bounds,
    )
    expect([swept.level?.flat, swept.endless?.flat, swept.overdue]).to.deep.equal([true, true, 0])
    const kept = rowsGrown(
      'attempts',
      rows(at => at * 10, 7),
      bounds,
    )
    expect([kept.level?.flat, kept.overdue]).to.deep.equal([false, 7])
  })
})
