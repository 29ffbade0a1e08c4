import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

const page = readFileSync('docs/walkthrough.md', 'utf8')

/** The numbered steps of the page, each on one line. */
const steps = page
  .split(/\n(?=\d+\. |#|\n)/)
  .map(text => text.trim().replace(/\s+/g, ' '))
  .filter(text => /^\d+\. /.test(text))

const filesIn = (text: string) =>
  [...text.matchAll(/(?:`|\*\*)([a-z-]+\/[a-z-]+\.ts)(?:`|\*\*)/g)].map(([, file]) => `src/${file}`)
const calledIn = (text: string) => [...text.matchAll(/`([\w.]+)\(\)`/g)].map(([, name = '']) => name)

describe('docs/walkthrough.md', () => {
  it('names files that exist', () => {
    expect(steps.length).to.be.greaterThan(20)
    expect(filesIn(page).filter(file => !existsSync(file))).to.deep.equal([])
  })

  it('names functions that stand in the files of their step', () => {
    const lost = steps.flatMap(step => {
      const code = filesIn(step).map(file => readFileSync(file, 'utf8'))
      return calledIn(step)
        .filter(name => !code.some(text => text.includes(name)))
        .map(name => `${name}: ${step.slice(0, 60)}`)
    })
    expect(lost).to.deep.equal([])
  })
})
