import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { gallery } from '../support/gallery.ts'
import { sources } from './rules.ts'

// It takes the pictures when it is loaded, so it is read here.
const list = /const pictures[^{]*\{([^}]*)\}/.exec(readFileSync('docs/screenshots/take.ts', 'utf8'))?.[1] ?? ''
const taken = [...list.matchAll(/^ {2}'?([\w-]+)'?: '([\w-]+)',$/gm)].map(([, picture = '', title = '']) => ({
  picture,
  title,
}))
const pageOf = new Map(gallery.map(({ title, page }) => [title, page as string]))

describe('the pictures of docs/screenshots', () => {
  it('are read whole here, each of a page of the gallery', () => {
    expect(taken).to.have.lengthOf(list.split('\n').filter(line => line.trim() !== '').length)
    expect(taken.filter(({ title }) => !pageOf.has(title))).to.deep.equal([])
    expect(new Set(taken.map(({ picture }) => picture)).size).to.equal(taken.length)
  })

  it('show every page of the staff area', () => {
    const views = sources('views/admin', '.ejs').map(({ path }) => path.slice('views/'.length, -'.ejs'.length))
    expect(views).to.include.members(['admin/home', 'admin/person'])
    const shown = new Set(taken.map(({ title }) => pageOf.get(title)))
    expect(views.filter(each => !shown.has(each))).to.deep.equal([])
  })
})
