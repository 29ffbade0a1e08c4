import { expect } from 'chai'
import { smallSums } from '../../examples/suite/wallet-api.ts'

const hour = 3_600_000

describe('what the wallet sends without an approval', () => {
  it('is no more in a day, all together, than one that is small, to the last decimal', () => {
    let at = 0
    const count = smallSums(() => at)
    const btc = (amount: string) => count('ada', { asset: 'BTC', amount })
    expect([btc('0.011'), btc('0.004'), btc('0.006')]).to.deep.equal([false, true, true])
    expect(btc('0.000000000000000001')).to.equal(false)
    expect([
      count('ada', { asset: 'ETH', amount: '0.1' }),
      count('eve', { asset: 'BTC', amount: '0.01' }),
    ]).to.deep.equal([true, true])
    at = 23 * hour
    expect(btc('0.001')).to.equal(false)
    at = 24 * hour
    expect([btc('0.01'), btc('0.001')]).to.deep.equal([true, false])
  })

  it('is forgotten a day later, whoever sent it', () => {
    let at = 0
    const spent = new Map()
    const count = smallSums(() => at, spent)
    for (let each = 0; each < 100; each++) count(`person${each}`, { asset: 'BTC', amount: '0.01' })
    expect(spent.size).to.equal(100)
    at = 24 * hour
    count('ada', { asset: 'BTC', amount: '0.01' })
    expect(spent.size).to.equal(1)
  })
})
