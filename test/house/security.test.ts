import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

/** The levels of the requirements of OWASP ASVS 5.0.0, section by section: "6.2" has twelve, the first seven of level 1. */
const levels: Record<string, string> = {
  '2.1': '122',
  '2.2': '112',
  '2.3': '12223',
  '2.4': '23',
  '3.1': '3',
  '3.2': '11',
  '3.3': '12223',
  '3.4': '1122223',
  '3.5': '1112233',
  '3.6': '3',
  '3.7': '22333',
  '6.1': '122',
  '6.2': '111111122223',
  '6.3': '12233333',
  '6.4': '112233',
  '6.5': '22222333',
  '6.6': '2223',
  '6.7': '33',
  '6.8': '222',
  '7.1': '222',
  '7.2': '1111',
  '7.3': '22',
  '7.4': '11222',
  '7.5': '223',
  '7.6': '22',
  '8.1': '1233',
  '8.2': '1123',
  '8.3': '133',
  '8.4': '23',
  '9.1': '111',
  '9.2': '1222',
  '10.1': '22',
  '10.2': '223',
  '10.3': '22223',
  '10.4': '1111122222233333',
  '10.5': '22222',
  '10.6': '22',
  '10.7': '222',
  '11.1': '2233',
  '11.2': '22233',
  '11.3': '11233',
  '11.4': '122',
  '11.5': '23',
  '11.6': '23',
  '11.7': '33',
  '13.1': '2333',
  '13.2': '222223',
  '13.3': '2233',
  '13.4': '1222233',
  '14.1': '22',
  '14.2': '12223333',
  '14.3': '122',
  '16.1': '2',
  '16.2': '22222',
  '16.3': '2222',
  '16.4': '222',
  '16.5': '2223',
}
/** Chapters whose level 3 counts, too. */
const strict = new Set(['6', '7', '9', '10'])

const page = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| (\d+\.\d+\.\d+) \| (\d) \| (.+?) \| (\S+) \| (.*?) \| ?(.*?) ?\|$/gm)]

describe('docs/security.md', () => {
  it('has every requirement of ASVS that it says it has, at its level, once and in order', () => {
    const due = Object.entries(levels).flatMap(([section, each]) =>
      [...each].map((level, at) => ({ id: `${section}.${at + 1}`, level, chapter: section.split('.', 1).join('') })),
    )
    const wanted = due.filter(({ level, chapter }) => level < '3' || strict.has(chapter)).map(({ id }) => id)
    const ids = rows.map(([, id = '']) => id)
    expect(wanted.filter(id => !ids.includes(id))).to.deep.equal([])
    const known = new Map(due.map(({ id, level }) => [id, level]))
    for (const [, id = '', level] of rows) expect(known.get(id), id).to.equal(level)
    expect(ids).to.deep.equal(due.map(({ id }) => id).filter(id => ids.includes(id)))
  })

  it('says of each whether it is met, and where; a test shows what is met, and words what is not', () => {
    expect(rows.length).to.be.greaterThan(150)
    for (const [, id, , , met, where = '', tests = ''] of rows) {
      expect(['yes', 'part', 'no', 'n/a', 'operator'], id).to.include(met)
      if (met === 'yes') expect(where + tests, id).to.not.equal('')
      else expect(where, id).to.match(/\w{4}/)
    }
  })

  it('names tests and pages that are there', () => {
    const links = [...page.matchAll(/\]\(([^)#]+)/g)].map(([, path = '']) => path)
    expect(links.length).to.be.greaterThan(150)
    for (const path of links)
      expect(existsSync(new URL(path, new URL('../../docs/', import.meta.url))), path).to.equal(true)
  })
})
