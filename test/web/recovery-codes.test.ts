import { expect } from 'chai'
import { assets } from '../../src/web/assets.ts'
import { phrases } from '../../src/web/phrases.ts'
import { renderer } from '../../src/web/show.ts'
import { credential, now, signals } from '../support/gallery-samples.ts'

describe('the recovery codes that are left', () => {
  const render = renderer({ phrases: phrases(), assets: assets(), now: () => now })
  const page = (left: number) =>
    render('account/security', {
      person: { email: 'ada@example.com' },
      factors: [{ ...credential('recovery-code', { hint: String(left) }), acts: ['change'], preferred: false }],
      addable: [],
      devices: [],
      restrictions: { devices: false, addresses: [], countries: [] },
      antiPhishingPhrase: '',
      choices: [],
      signals,
    })
  const warning = /class="note warn"/

  it('are counted, with a warning from three on', () => {
    expect(page(10))
      .to.match(/10\sleft/)
      .and.not.to.match(warning)
    expect(page(4))
      .to.match(/4\sleft/)
      .and.not.to.match(warning)
    for (const left of [3, 2, 1, 0]) expect(page(left)).to.match(warning)
    expect(page(0)).to.match(/no recovery codes\sleft/)
  })
})
