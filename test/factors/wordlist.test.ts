import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { wordlist } from '../../src/factors/wordlist.ts'

const of = (words: readonly string[], most?: number) => wordlist(Buffer.from(JSON.stringify(words)), most)

describe('factors/wordlist', () => {
  it('ranks words by their place, from 1', () => {
    const list = of(['you', 'the', 'to'])
    expect(['you', 'the', 'to', 'and', 't', 'toy', ''].map(list.rank)).to.deep.equal([
      1,
      2,
      3,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
    expect(list.longest).to.equal(3)
  })

  it('takes no more than it is told to', () => {
    const list = of(['you', 'the', 'to', 'everything'], 2)
    expect(list.rank('to')).to.equal(undefined)
    expect(list.longest).to.equal(3)
  })

  it('knows nothing when it is empty', () => {
    expect(of([]).rank('you')).to.equal(undefined)
  })

  it('inherits no words', () => {
    const list = of(['you', 'constructors'])
    expect(['constructor', '__proto__', 'toString'].map(list.rank)).to.deep.equal([undefined, undefined, undefined])
  })

  it('ranks a whole list as a Map of it would', async () => {
    const json = await readFile(new URL(import.meta.resolve('@zxcvbn-ts/language-common/src/passwords.json')))
    const words: string[] = JSON.parse(String(json))
    const list = wordlist(json)
    expect(words.filter((word, at) => list.rank(word) !== at + 1)).to.deep.equal([])
    const known = new Set(words)
    expect(words.filter(word => !known.has(`${word}x`) && list.rank(`${word}x`) !== undefined)).to.deep.equal([])
    expect(list.longest).to.equal(20)
  })
})
