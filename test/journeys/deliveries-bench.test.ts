import { expect } from 'chai'
import { lostOrMixed, type Queued } from '../../bench/arrivals.ts'

const later = Date.now() + 60_000
const queued = (id: string, order: number, more: Partial<Queued> = {}): Queued => ({
  ...{ id, channel: 'email', lane: 'ada', order, until: later },
  ...more,
})
const arrived = (...ids: string[]) => new Map(ids.map((id, at) => [id, [at]]))

describe('what counts as lost or out of order', () => {
  it('is nothing where each receiver got all in order, whatever came to others meanwhile', () => {
    const all = [queued('a', 1), queued('b', 2), queued('c', 3, { lane: 'bob' })]
    expect(lostOrMixed(all, arrived('c', 'a', 'b'), [], [], 0)).to.deep.equal([])
  })

  it('is what did not arrive, and what came before what was posted earlier', () => {
    expect(lostOrMixed([queued('a', 1)], arrived(), [], [], 0)).to.deep.equal(['a message by email was lost'])
    expect(lostOrMixed([queued('a', 1), queued('b', 2)], arrived('b', 'a'), [], [], 0)).to.deep.equal([
      'a message by email came too early',
    ])
  })

  it('is no code that ran out, if the audit log says so', () => {
    const late = [queued('a', 1, { until: 1 })]
    expect(lostOrMixed(late, arrived(), [], [{ message: 'a' }], 0)).to.deep.equal([])
    expect(lostOrMixed(late, arrived(), [], [], 0)).to.have.lengthOf(1)
  })

  it('is an event that the webhook was not told of, or told of before an earlier one of the account', () => {
    const entries = [4, 5, 6].map(sequence => ({ sequence, name: `event-${sequence}`, data: { account: 'ada' } }))
    expect(lostOrMixed([], arrived('5', '6'), entries, [], 4)).to.deep.equal([])
    expect(lostOrMixed([], arrived('6', '5'), entries, [], 3)).to.deep.equal([
      'the webhook was not told of event-4 (4)',
      'event-6 came too early',
    ])
  })
})
