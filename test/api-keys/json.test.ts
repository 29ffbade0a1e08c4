import { expect } from 'chai'
import fc from 'fast-check'
import { Digits, readJson } from '../../src/api-keys/json.ts'

describe('JSON of one reading', () => {
  it('keeps how a number is spelled', () => {
    expect(readJson('{"id":9223372036854775807,"a":[1.0,-0,1e3]}')).to.deep.equal({
      id: new Digits('9223372036854775807'),
      a: [new Digits('1.0'), new Digits('-0'), new Digits('1e3')],
    })
  })

  it('is read as it stands otherwise', () => {
    const plain = fc
      .jsonValue({ maxDepth: 5 })
      .filter(each => !/-?\d/.test(JSON.stringify(each).replace(/"(?:[^"\\]|\\.)*"/g, '')))
    fc.assert(
      fc.property(plain, value => {
        const read = readJson(JSON.stringify(value))
        if (JSON.stringify(value).isWellFormed()) expect(JSON.stringify(read)).to.equal(JSON.stringify(value))
      }),
    )
  })

  const none: [string, string][] = [
    ['no JSON', '{'],
    ['nothing', ''],
    ['a name that comes twice', '{"a":1,"a":1}'],
    ['a name that comes twice, once with an escape', '{"a":1,"\\u0061":2}'],
    ['one further in', '[{"x":{"a":1,"b":2,"a":3}}]'],
    ['half a surrogate pair', '"\ud800"'],
    ['nine levels', '[[[[[[[[[]]]]]]]]]'],
    ['a hundred thousand levels', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['a hundred thousand objects in one another', '{"a":'.repeat(100_000) + 1 + '}'.repeat(100_000)],
  ]
  for (const [what, text] of none) it(`is not: ${what}`, () => expect(readJson(text)).to.equal(undefined))

  it('counts brackets and colons in text as text', () => {
    expect(readJson('{"[[[[[[[[[[":"\\": {","b":"a\\\\"}')).to.deep.equal({ '[[[[[[[[[[': '": {', b: 'a\\' })
  })

  it('takes __proto__ for a name like any other', () => {
    const read = readJson('{"__proto__":{"a":"b"}}') as object
    expect(Object.keys(read)).to.deep.equal(['__proto__'])
    expect(Object.getPrototypeOf(read)).to.equal(Object.prototype)
  })

  it('is read in a time that grows with its length', () => {
    const began = performance.now()
    readJson(`"${'\\"'.repeat(100_000)}"`)
    readJson(`"${'\\"'.repeat(100_000)}`)
    expect(performance.now() - began).to.be.below(500)
  })
})
