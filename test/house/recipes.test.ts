import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { filesOf, folder, names } from '../recipes/names.ts'
import { filled, pageOf } from '../recipes/pages.ts'
import { sources } from './rules.ts'

const table = readFileSync('docs/recipes/README.md', 'utf8')
const walked = sources('test/recipes', '.recipe.ts')
  .map(({ text }) => text)
  .join('\n')

describe('the recipes', () => {
  for (const name of names) {
    it(`show ${name} as it is run: every file of it, and nothing else (npm run recipes:pages)`, () => {
      const page = readFileSync(pageOf(name), 'utf8')
      expect(page).to.equal(filled(name))
      const shown = [...page.matchAll(/^```\w+ (\S+)$/gm)].map(([, file = '']) => file)
      expect(shown.sort()).to.deep.equal(filesOf(join(folder, name)))
    })

    it(`pin what ${name} is made of`, () => {
      const manifest = join(folder, name, 'package.json')
      if (existsSync(manifest))
        for (const version of Object.values(JSON.parse(readFileSync(manifest, 'utf8')).dependencies))
          expect(version).to.match(/^\d+\.\d+\.\d+$/)
      const requirements = join(folder, name, 'requirements.txt')
      if (existsSync(requirements))
        for (const line of readFileSync(requirements, 'utf8').trim().split('\n'))
          expect(line).to.match(/^[\w.-]+(\[\w+\])?==\d+(\.\d+)+$/)
    })

    it(`walk through ${name}`, () => expect(walked).to.match(new RegExp(`'${name}'`)))
    it(`have a row for ${name}`, () => expect(table).to.contain(`](${name}.md)`))
  }

  it('have a page for nothing else, but where it says that it is not run', () => {
    const pages = readdirSync('docs/recipes').filter(each => each !== 'README.md')
    const others = pages.filter(each => !names.includes(each.replace(/\.md$/, '')))
    for (const each of others) expect(readFileSync(join('docs/recipes', each), 'utf8'), each).to.contain('**Not run.**')
  })

  it('link to pages that are there', () => {
    for (const page of readdirSync('docs/recipes')) {
      const text = readFileSync(join('docs/recipes', page), 'utf8')
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => link)
      expect(links.filter(link => !existsSync(join('docs/recipes', link)))).to.deep.equal([], page)
    }
  })
})
