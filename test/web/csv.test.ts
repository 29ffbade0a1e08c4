import { expect } from 'chai'
import { csvLine } from '../../src/web/activity-page.ts'

describe('CSV', () => {
  it('is quoted as RFC 4180 says', () => {
    expect(csvLine(['a', 'b,c', 'say "no"', 'two\nlines', ''])).to.equal('"a","b,c","say ""no""","two\nlines",""\r\n')
  })

  it('holds nothing that a spreadsheet runs', () => {
    const formulas = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\t=1',
      '\r=1',
      '\n=1',
      ' =1',
      '\u00a0=1',
      '\u200b=1',
      '＝1',
      '"=1',
    ]
    const escaped = formulas.map(each => csvLine([each]))
    expect(escaped.slice(0, -1)).to.deep.equal(formulas.slice(0, -1).map(each => `"'${each}"\r\n`))
    expect(escaped.at(-1)).to.equal('"""=1"\r\n')
  })

  it('leaves alone what only looks a little like one', () => {
    for (const text of ['a=1', "'=1", '1-1', '2001:db8::1', 'a@example.com', '–1']) {
      expect(csvLine([text])).to.equal(`"${text}"\r\n`)
    }
  })
})
