import { expect } from 'chai'
import { allSignals, type Signal } from '../../src/risk/signals.ts'
import { type Ruling, rulings, verdict } from '../../src/risk/verdict.ts'

const rows: [found: Signal[], ruling: Ruling][] = [
  [[], 'allow'],
  [['new-network'], 'allow'],
  [['many-failures'], 'allow'],
  [['impossible-travel'], 'allow'],
  [['many-guesses'], 'hold'],
  [['new-device', 'new-network', 'impossible-travel', 'many-guesses'], 'hold'],
  [['new-country'], 'tell'],
  [['new-network', 'impossible-travel'], 'tell'],
  [['new-network', 'new-country', 'impossible-travel', 'many-failures'], 'tell'],
  [['new-device'], 'tell'],
  [['new-device', 'new-network'], 'tell'],
  [['new-device', 'many-failures'], 'tell'],
  [['new-device', 'impossible-travel'], 'tell'],
  [['new-device', 'new-network', 'many-failures'], 'hold'],
  [['new-device', 'new-network', 'new-country'], 'hold'],
  [['new-device', 'new-network', 'impossible-travel'], 'hold'],
  [['new-device', 'new-network', 'new-country', 'impossible-travel'], 'hold'],
  [['new-device', 'new-network', 'new-country', 'many-failures'], 'hold'],
  [['new-device', 'new-network', 'new-country', 'impossible-travel', 'many-failures'], 'refuse'],
]

describe('the verdict', () => {
  for (const [found, ruling] of rows) {
    it(`is ${ruling} for ${found.join(', ') || 'nothing out of the ordinary'}`, () => {
      expect(verdict(found)).to.deep.equal({ ruling, why: ruling === 'allow' ? [] : found })
    })
  }

  const all: Signal[] = [...allSignals]
  const subsets = Array.from({ length: 2 ** all.length }, (_, bits) => all.filter((_, at) => bits & (1 << at)))

  it('holds a device that the account knows only where its second factor was guessed at, and never refuses it', () => {
    const known = subsets.filter(each => !each.includes('new-device'))
    for (const found of known.filter(each => each.includes('many-guesses')))
      expect(verdict(found).ruling).to.equal('hold')
    for (const found of known.filter(each => !each.includes('many-guesses')))
      expect(verdict(found).ruling).to.be.oneOf(['allow', 'tell'])
  })

  it('is never milder for one more signal', () => {
    const rank = (found: Signal[]) => rulings.indexOf(verdict(found).ruling)
    for (const found of subsets)
      for (const more of all.filter(each => !found.includes(each)))
        expect(rank([...found, more]), `${found} and ${more}`).to.be.at.least(rank(found))
  })
})
