import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'

interface Package {
  license?: string
  dev?: boolean
  devOptional?: boolean
}

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const page = read('docs/dependencies.md')
const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json'))
const direct: Record<string, string> = { ...dependencies, ...devDependencies, ...optionalDependencies }
const rows = [...page.matchAll(/^\| (\S+) \| (\S+) \| (\S+) \| (.+?) \| (.+) \|$/gm)].filter(
  ([, name]) => name !== 'package',
)

describe('docs/dependencies.md', () => {
  it('names every direct dependency once, with the release in use, its day and a reason', () => {
    expect(rows.map(([, name]) => name).sort()).to.deep.equal(Object.keys(direct).sort())
    for (const [, name = '', release, day, , why] of rows) {
      expect(release, name).to.equal(direct[name])
      expect(day, name).to.match(/^\d{4}-\d\d-\d\d$/)
      expect(why, name).to.match(/\w{3}/)
    }
  })

  it('lists every licence that is in production, and no other package brings one', () => {
    const [, list = ''] = /may be in production: (.+)\./.exec(page) ?? []
    const allowed = new Set(list.split(', '))
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Package> }
    const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev)
    expect(installed.length).to.be.greaterThan(50)
    const others = installed.filter(
      ([, { license = 'none' }]) => !license.split(' OR ').some(each => allowed.has(each)),
    )
    expect(others.map(([path, { license }]) => `${path}: ${license}`)).to.deep.equal([])
  })

  it('is right about the bill of materials, which tells what production installs from what only building and testing do', function () {
    this.timeout(60_000)
    const bill = JSON.parse(execFileSync('npm', ['run', '-s', 'sbom'], { encoding: 'utf8', maxBuffer: 1e8 }))
    const parts = bill.components as {
      name: string
      properties?: { name: string; value: string }[]
      externalReferences: { url: string }[]
    }[]
    const flag = 'cdx:npm:package:development'
    const installed = parts.filter(
      ({ properties = [] }) => !properties.some(({ name, value }) => name === flag && value === 'true'),
    )
    const names = installed.map(({ name }) => name)
    expect(bill.bomFormat).to.equal('CycloneDX')
    expect(names).to.include.members(Object.keys(dependencies))
    expect(names).to.not.include('mocha')
    expect(parts.map(({ name }) => name)).to.include('mocha')
    // npm writes `git@github.com:a/b.git` as packages do, which is no URL, and with a colon no relative one (RFC 3986, 4.2):
    // who checks a bill by its schema refuses all of it.
    const told = parts.flatMap(({ externalReferences }) => externalReferences.map(({ url }) => url))
    expect(told).to.have.lengthOf.above(300)
    expect(told.filter(url => !URL.canParse(url) && /^[^/?#]*:/.test(url))).to.deep.equal([])
  })
})
