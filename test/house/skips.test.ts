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
})
