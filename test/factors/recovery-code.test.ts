import { expect } from 'chai'
import { recoveryCode } from '../../src/factors/recovery-code.ts'
import { problem, subject } from '../support/factors.ts'

describe('factors/recovery-code', () => {
  const factor = recoveryCode()
  const make = async () => {
    const { state, page } = (await factor.enrol.begin?.(subject(), {})) ?? {}
    if (!state) throw new Error('nothing was begun')
    const { secret } = await factor.enrol.finish({ saved: 'yes' }, state, subject())
    return { codes: page?.codes as string[], secret }
  }
  const prove = (code: string, secret: Awaited<ReturnType<typeof make>>['secret']) =>
    factor.prove.finish({ code }, null, subject({ credentials: [{ id: 'credential', secret }] }))

  it('makes ten different codes of 50 bits, without letters that look like digits', async () => {
    const { codes } = await make()
    expect(new Set(codes).size).to.equal(10)
    for (const code of codes) expect(code).to.match(/^[0-9a-hjkmnp-tv-z]{5}-[0-9a-hjkmnp-tv-z]{5}$/)
  })

  it('uses its whole alphabet evenly', async () => {
    const made = await Promise.all(Array.from({ length: 60 }, () => make()))
    const letters = made.flatMap(({ codes }) => [...codes.join('').replaceAll('-', '')])
    const tally = Object.groupBy(letters, letter => letter)
    expect(Object.keys(tally)).to.have.lengthOf(32)
    // 187 each on average; seven standard deviations away is no accident.
    for (const [letter, found = []] of Object.entries(tally)) expect(found.length, letter).to.be.within(90, 290)
  })

  it('keeps digests, and none of the codes', async () => {
    const { codes, secret } = await make()
    expect(secret.left).to.have.lengthOf(10)
    for (const code of codes) expect(JSON.stringify(secret)).to.not.include(code.replace('-', ''))
  })

  it('waits until they are saved', async () => {
    const { state } = (await factor.enrol.begin?.(subject(), {})) ?? {}
    for (const saved of [undefined, '', 'no', 'YES']) {
      const fault = await problem(factor.enrol.finish({ saved }, state ?? { key: '', left: [] }, subject()))
      expect(fault).to.include({ code: 'unsaved_codes', status: 422, field: 'saved' })
    }
  })

  it('takes each code once, in any order, until none is left', async () => {
    const { codes, secret } = await make()
    let left = secret
    for (const code of codes.toReversed()) {
      const proved = await prove(code, left)
      left = proved.secret ?? left
      expect((await problem(prove(code, left))).code).to.equal('wrong_code')
    }
    expect(left.left).to.deep.equal([])
    expect((await problem(prove(codes[0] ?? '', left))).code).to.equal('wrong_code')
  })

  it('takes any case, spaces, no hyphen, and letters for the digits that they look like', async () => {
    const { codes, secret } = await make()
    const [code = ''] = codes
    const spellings = [
      code.toUpperCase(),
      code.replace('-', ''),
      ` ${code.replace('-', ' ')} `,
      code.replaceAll('0', 'O').replaceAll('1', 'l'),
    ]
    for (const typed of spellings) expect((await prove(typed, secret)).credential).to.equal('credential')
  })

  for (const typed of ['', '-', 'aaaaa-aaaaa', 'x'.repeat(256)]) {
    it(`refuses ${JSON.stringify(typed.slice(0, 12))}`, async () => {
      const { secret } = await make()
      expect(await problem(prove(typed, secret))).to.include({ code: 'wrong_code', status: 401, field: 'code' })
    })
  }

  it('tells how many are left, and nothing else', async () => {
    const { codes, secret } = await make()
    expect(factor.hint?.(secret)).to.equal('10')
    const proved = await prove(codes[4] ?? '', secret)
    expect(factor.hint?.(proved.secret ?? secret)).to.equal('9')
  })

  it('keys the digests of each set by itself, so that one code is told apart in two', async () => {
    const [one, other] = await Promise.all([make(), make()])
    expect(one.secret.key).to.have.lengthOf(43).and.not.equal(other.secret.key)
    const lent = { ...one.secret, key: other.secret.key }
    expect((await problem(prove(one.codes[0] ?? '', lent))).code).to.equal('wrong_code')
  })
})
