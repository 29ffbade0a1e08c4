import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type BrandError, plainBrand, readBrand } from '../../src/brand/brand.ts'
import { contrast, faint } from '../../src/brand/contrast.ts'
import { vectorFault } from '../../src/brand/vector.ts'
import { png } from '../support/png.ts'

const example = fileURLToPath(new URL('../../docs/branding/aurora', import.meta.url))
const drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8H0z" fill="#123456"/></svg>'

describe('a brand', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'brand-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const write = (path: string, content: string | Buffer | object): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    const text = typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content)
    writeFileSync(join(folder, path), text)
  }
  const faultsOf = (
    brand: object | string,
    ...files: [path: string, content: string | Buffer][]
  ): readonly string[] => {
    write('brand.json', brand)
    for (const [path, content] of files) write(path, content)
    try {
      readBrand(folder)
      return []
    } catch (fault) {
      return (fault as BrandError).faults
    }
  }

  it('is read from the folder that docs show', () => {
    const { name, links, logo, palette, files, sender } = readBrand(example)
    expect([name, links.terms, sender]).to.deep.equal([
      'Aurora',
      'https://aurora.example/terms',
      'Aurora <no-reply@aurora.example>',
    ])
    expect(logo).to.deep.equal({ light: 'logo.svg', dark: 'logo-dark.svg', wordmark: false })
    expect(palette.light).to.include({ key: '#5b21b6', ink: plainBrand.palette.light.ink })
    expect(Object.keys(files)).to.have.members(['brand.css', 'logo.svg', 'logo-dark.svg', 'icon.svg'])
    expect(String(files['brand.css'])).to.match(
      /^:root\{(--[\w-]+:light-dark\(#[0-9a-f]{6},#[0-9a-f]{6}\);)+--radius:4px;\}$/,
    )
  })

  it('has a name at least, and keeps what it does not say', () => {
    expect(faultsOf({ name: 'Kerze' })).to.deep.equal([])
    expect(readBrand(folder)).to.include({ name: 'Kerze', sender: undefined, logo: undefined })
    expect(readBrand(folder).palette).to.deep.equal(plainBrand.palette)
  })

  it('has colours of our own that pass', () => {
    expect(Object.keys(plainBrand.palette.light).length).to.be.greaterThan(12)
    for (const scheme of [plainBrand.palette.light, plainBrand.palette.dark]) expect(faint(scheme)).to.deep.equal([])
    expect(contrast('#000000', '#ffffff')).to.equal(21)
    expect(contrast('#777777', '#ffffff')).to.be.within(4.47, 4.48)
  })

  it('is told every fault at once', () => {
    const brand = { name: 'Kerze', radius: 40, colour: {}, links: { terms: 'javascript:alert(1)' } }
    const faults = faultsOf(brand, ['views/nowhere.ejs', ''], ['views/help.ejs', '<% if ( %>']).join('\n')
    for (const part of ['radius', 'colour', 'links.terms', 'views/nowhere.ejs', 'views/help.ejs'])
      expect(faults).to.include(part)
  })

  it('is told which colours cannot be told apart', () => {
    const colours = { light: { soft: '#bbbbbb', 'on-key': '#0f4a3f' }, dark: { bad: '#2c1715' } }
    const faults = faultsOf({ name: 'Kerze', colours }).join('\n')
    expect(faults).to.match(/colours\.light: soft on card has a contrast of 1\.\d+, and needs 4\.5/)
    expect(faults).to.match(/colours\.light: on-key on key has a contrast of 1, /)
    expect(faults).to.match(/colours\.dark: bad on bad-wash has a contrast of 1, /)
  })

  it('compares every pair of colours that meets on a page, text more strictly than edges', () => {
    const grey = Object.fromEntries(Object.keys(plainBrand.palette.light).map(name => [name, '#777777']))
    const named = faint(grey).map(fault => fault.replace(/ has a contrast of 1, and needs /, ': '))
    expect(named).to.have.members([
      ...['ink on paper: 4.5', 'ink on card: 4.5', 'ink on sunk: 4.5', 'ink on brass-wash: 4.5'],
      ...['soft on paper: 4.5', 'soft on card: 4.5', 'soft on sunk: 4.5'],
      ...['link on paper: 4.5', 'link on card: 4.5', 'link on sunk: 4.5', 'link on brass-wash: 4.5'],
      ...[
        'on-bad on bad: 4.5',
        'on-bad on bad-press: 4.5',
        'bad on paper: 4.5',
        'good on paper: 3',
        'brass on paper: 3',
      ],
      ...['on-key on key: 4.5', 'on-key on key-press: 4.5', 'bad on card: 4.5', 'bad on bad-wash: 4.5'],
      ...['good on card: 4.5', 'good on sunk: 4.5', 'brass on card: 4.5', 'brass on brass-wash: 4.5'],
      ...['key on paper: 3', 'key on card: 3', 'key on sunk: 3', 'key on brass-wash: 3'],
      ...['edge on paper: 3', 'edge on card: 3'],
    ])
  })

  const wrong: [fault: string, brand: object | string][] = [
    ['is no JSON', '{'],
    ['name', {}],
    ['name', { name: 'a\nb' }],
    ['name', { name: 'a\u202eb' }],
    ['colours.light.key', { name: 'x', colours: { light: { key: 'red;}body{display:none' } } }],
    ['colours.light', { name: 'x', colours: { light: { nothing: '#ffffff' } } }],
    ['logo.light', { name: 'x', logo: { light: '../secret.svg' } }],
    ['logo.light', { name: 'x', logo: { light: 'https://evil.example/x.svg' } }],
    ['missing.svg cannot be read (ENOENT)', { name: 'x', logo: { light: 'missing.svg' } }],
    ['links.support', { name: 'x', links: { support: 'data:text/html,x' } }],
    ['links.privacy', { name: 'x', links: { privacy: 'http://aurora.example' } }],
    ['sender', { name: 'x', sender: 'Aurora <a@b.example>\r\nBcc: c@d.example' }],
  ]
  for (const [fault, brand] of wrong)
    it(`is refused for ${fault}: ${JSON.stringify(brand).slice(0, 60)}`, () =>
      expect(faultsOf(brand).join('\n')).to.include(fault))

  it('is refused where its folder is none', () => {
    rmSync(folder, { recursive: true })
    expect(() => readBrand(folder)).to.throw('brand.json cannot be read (ENOENT)')
    mkdirSync(folder)
  })

  it('takes logos that draw, and none that do more or weigh much', () => {
    const logo = { name: 'x', logo: { light: 'a.svg' } }
    expect(faultsOf(logo, ['a.svg', drawing])).to.deep.equal([])
    expect(faultsOf({ name: 'x', logo: { light: 'a.png' } }, ['a.png', png()])).to.deep.equal([])
    expect(faultsOf({ name: 'x', logo: { light: 'a.png' } }, ['a.png', drawing]).join()).to.include('is no PNG')
    expect(faultsOf(logo, ['a.svg', drawing.replace('>', `>${' '.repeat(25_000)}`)]).join()).to.include('24 KB')
  })

  const scripted = [
    '<svg><script>alert(1)</script></svg>',
    '<svg><SCRIPT href="https://evil.example/x.js"/></svg>',
    '<svg onload="alert(1)"/>',
    "<svg><rect OnClick='alert(1)'/></svg>",
    '<svg><foreignObject><iframe/></foreignObject></svg>',
    '<svg><a href="javascript:alert(1)"><rect/></a></svg>',
    '<svg><use href="https://evil.example/#x"/></svg>',
    '<svg><use xlink:href="&#106;avascript:alert(1)"/></svg>',
    '<svg><image href="https://evil.example/x.png"/></svg>',
    '<svg><animate onbegin="alert(1)"/></svg>',
    '<svg><set attributeName="href" to="javascript:alert(1)"/></svg>',
    '<svg><style>@import url(https://evil.example)</style></svg>',
    '<svg><rect style="fill:url(https://evil.example)"/></svg>',
    '<svg><rect fill="url(https://evil.example/#x)"/></svg>',
    '<!DOCTYPE svg [<!ENTITY x "<script>alert(1)</script>">]><svg>&x;</svg>',
    '<?xml-stylesheet href="https://evil.example/x.css"?><svg/>',
    '<svg><![CDATA[<script>alert(1)</script>]]></svg>',
    '<svg><rect fill=red onload=alert(1)></rect></svg>',
    '<svg><!-- --><script>alert(1)</script><!-- --></svg>',
    '<html><svg/></html>',
    '<svg><script',
  ]
  for (const svg of scripted) it(`takes no ${svg.slice(0, 60)}`, () => expect(vectorFault(svg)).to.be.a('string'))

  it('takes gradients and clips of the same file', () => {
    const fill = '<linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient>'
    expect(
      vectorFault(
        `<?xml version="1.0"?><!-- x --><svg><defs>${fill}</defs><rect fill="url(#a)"/><use href="#a"/></svg>`,
      ),
    ).to.equal(undefined)
  })
})
