import { expect } from 'chai'
import { Problem } from '../../src/errors.ts'
import { recoveryCode } from '../../src/factors/recovery-code.ts'
import { asciiDigits, legible, sixDigits } from '../../src/factors/typed.ts'
import { subject } from '../support/factors.ts'

describe('factors/typed', () => {
  it('reads the decimal digits of every script', () => {
    for (const system of Intl.supportedValuesOf('numberingSystem')) {
      const shown = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(each =>
        new Intl.NumberFormat('en', { numberingSystem: system }).format(each),
      )
      // Chinese ones are letters, and some systems have no digits at all.
      if (shown.every(each => /^\p{Nd}$/u.test(each)))
        expect(shown.map(asciiDigits).join(''), system).to.equal('0123456789')
    }
    expect(asciiDigits('a٣b९c')).to.equal('a3b9c')
  })

  it('takes out what nobody sees, and folds what looks alike', () => {
    const unseen = ['\u00ad', '\u034f', '\u061c', '\u180e', '\u200b', '\u200d', '\u200f', '\u202e', '\u2060', '\u2066']
    for (const each of [...unseen, '\ufe0f', '\ufeff', '\u3164', '\u{e0041}', '\u{e0100}'])
      expect(legible(`1${each}2${each}`), each.codePointAt(0)?.toString(16)).to.equal('12')
    for (const each of '‐‑‒–—―⸺﹘﹣－−⁻') expect(legible(`1${each}2`), each).to.equal('1-2')
    expect(legible(' \u00a0a\u3000\t\n b\u2009 ')).to.equal('a b')
  })

  const codes = [
    '123456',
    ' 123 456 ',
    '123-456',
    '123–456',
    '12\u200b34\ufe0f56\u202c',
    '１２３４５６',
    '١٢٣٤٥٦',
    '१२३ ४५६',
    '123ー456',
  ]
  for (const typed of codes)
    it(`reads ${JSON.stringify(typed)} as six digits`, () => expect(sixDigits(typed)).to.equal('123456'))

  for (const typed of ['', '12345', '1234567', '12345a', '①②③④⑤', 'Ⅵ12345', '123.456', '一二三四五六', '½23456'])
    it(`reads ${JSON.stringify(typed)} as no code`, () => {
      expect(() => sixDigits(typed)).to.throw(Problem, 'invalid_code')
    })

  it('reads recovery codes however they are written', async () => {
    const factor = recoveryCode()
    const begun = await factor.enrol.begin?.(subject(), {})
    const { secret } = await factor.enrol.finish({ saved: 'yes' }, begun?.state as never, subject())
    const [code = ''] = (begun?.page?.codes ?? []) as string[]
    const arabic = code.replace(/\d/g, digit => String.fromCodePoint(0x660 + Number(digit)))
    const wide = code.replace(/[!-~]/g, each => String.fromCodePoint(each.charCodeAt(0) + 0xfee0))
    for (const typed of [code.toUpperCase(), code.replace('-', '–'), `\u200b${code}\ufe0f`, arabic, wide]) {
      const proved = await factor.prove.finish(
        { code: typed },
        null,
        subject({ credentials: [{ id: 'held', secret }] }),
      )
      expect(proved.credential, typed).to.equal('held')
    }
  })
})
