import { globSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

describe('tests', () => {
  it('that need what is not here say so when they are read, because CI refuses what is skipped while it runs', () => {
    // Recipes have a stage of their own, which counts what a machine cannot run.
    const files = globSync('test/**/*.ts').filter(file => file !== 'test/recipes/recipe.ts')
    const skips = files.filter(file =>
      /\bthis\.skip\(|\b(it|describe|context)\.(skip|only)\(/.test(readFileSync(file, 'utf8')),
    )
    expect(skips).to.deep.equal([])
  })
  it('that need what is not here are among those that run beside the servers of databases, where it is there', () => {
    const { spec } = JSON.parse(readFileSync('.mocharc.stores.json', 'utf8')) as { spec: string[] }
    const leftOut = globSync('test/**/*.test.ts').filter(file =>
      /console\.log\(\s*['"`] {2}skipped: /.test(readFileSync(file, 'utf8')),
    )
    expect(leftOut).to.include('test/store/postgres.test.ts')
    expect(globSync(spec)).to.include.members(leftOut)
  })
})
