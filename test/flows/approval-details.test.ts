import { expect } from 'chai'
import fc from 'fast-check'
import { type DetailType, factsOf, plain, readDetail } from '../../src/flows/approval-details.ts'
import { payment, withdrawal } from '../support/approvals.ts'

const takes = (type: DetailType, raw: unknown): boolean => 'detail' in readDetail(type, raw)

describe('what can be approved', () => {
  const amounts: [string, boolean][] = [
    ['1', true],
    ['0.00000001', true],
    ['123456789012345678.123456789012345678', true],
    ['0', false],
    ['0.00', false],
    ['01', false],
    ['-1', false],
    ['+1', false],
    ['1e3', false],
    ['1,5', false],
    ['.5', false],
    ['1.', false],
    ['1 000', false],
    ['１', false],
    ['Infinity', false],
    ['1234567890123456789', false],
  ]
  for (const [amount, fine] of amounts) {
    it(`${fine ? 'takes' : 'refuses'} an amount of ${amount}`, () => {
      expect(takes('withdrawal', { ...withdrawal, amount })).to.equal(fine)
      expect(takes('payment', { ...payment, amount })).to.equal(fine)
    })
  }

  it('takes an amount as text alone: a number would be rounded', () => {
    expect(takes('withdrawal', { ...withdrawal, amount: 0.5 })).to.equal(false)
  })

  const addresses: [string, boolean][] = [
    [withdrawal.address, true],
    ['0x52908400098527886E0F7030069857D2E4169EE7', true],
    ['bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a', true],
    [`addr1${'q'.repeat(98)}`, true],
    ['short', false],
    ['x'.repeat(129), false],
    ['bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5md ', false],
    ['bc1qar0srrr7xfkvy5l643 lydnw9re59gtzzwf5mdq', false],
    ['bc1qаr0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq', false],
    ['\u202ebc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5md', false],
    ['bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5md\n', false],
    ['bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5md\u200b', false],
    ['<b>0123456789', false],
  ]
  for (const [address, fine] of addresses) {
    it(`${fine ? 'takes' : 'refuses'} the address ${JSON.stringify(address).slice(0, 60)}`, () =>
      expect(takes('withdrawal', { ...withdrawal, address })).to.equal(fine))
  }

  const texts: [string, string, boolean][] = [
    ['words', 'Invoice 2026-117, paid by Ada', true],
    ['other scripts, each word in one', 'Живая вода – 東京タワー', true],
    ['accents', 'Ångström & Søn', true],
    ['a Cyrillic letter among Latin ones', 'Аpple', false],
    ['a Greek letter among Latin ones', 'Pαypal', false],
    ['a turn of direction', 'to \u202eadA', false],
    ['an isolate', 'a\u2066b', false],
    ['what cannot be seen', 'Ada\u200bLovelace', false],
    ['a control character', 'Ada\u0007', false],
    ['a line break', 'Ada\nLovelace', false],
    ['a space that is none', 'Ada\u00a0Lovelace', false],
    ['spaces that would be swallowed', 'Ada  Lovelace', false],
    ['a space at the end', 'Ada ', false],
    ['letters that are not composed', 'A\u030angstrom', false],
    ['marks heaped on a letter', 'a\u0335\u0336\u0337\u0338', false],
    ['half a pair', 'Ada\ud800', false],
  ]
  for (const [what, text, fine] of texts) {
    it(`${fine ? 'takes' : 'refuses'} ${what} as text`, () => {
      expect(plain(text)).to.equal(fine)
      expect(takes('withdrawal', { ...withdrawal, memo: text })).to.equal(fine)
      expect(takes('payment', { ...payment, creditor: { ...payment.creditor, name: text } })).to.equal(fine)
    })
  }

  it('refuses what is not known, missing, or of another kind, and says which', () => {
    const { reference: _, ...without } = payment
    expect(takes('payment', without)).to.equal(true)
    expect(readDetail('payment', { ...payment, urgent: true })).to.deep.equal({
      fault: 'has a member that is not known',
    })
    expect(readDetail('payment', { ...payment, currency: 'eur' })).to.deep.equal({
      fault: 'currency must be a code of three letters',
    })
    for (const raw of [null, [], 'payment', { type: 'payment' }, withdrawal, { ...payment, creditor: [] }])
      expect(takes('payment', raw), JSON.stringify(raw)).to.equal(false)
    expect(takes('withdrawal', JSON.parse(`{"__proto__":{"x":1},${JSON.stringify(withdrawal).slice(1)}`))).to.equal(
      false,
    )
  })

  it('reads anything, and takes what it would read again', () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 })
    const near = fc.record({ type: fc.constant('withdrawal'), asset: text, amount: text, address: text, memo: text })
    fc.assert(
      fc.property(fc.oneof(fc.anything(), near), raw => {
        const read = readDetail('withdrawal', raw)
        if ('detail' in read) expect(readDetail('withdrawal', read.detail)).to.deep.equal(read)
        else expect(read.fault).to.be.a('string')
      }),
    )
  })

  it('says the same of both kinds', () => {
    expect(factsOf(payment)).to.include({ unit: 'EUR', to: payment.creditor.account, name: 'Wiener Wasser' })
    expect(factsOf(withdrawal)).to.include({ unit: 'BTC', to: withdrawal.address, network: 'bitcoin' })
  })
})
