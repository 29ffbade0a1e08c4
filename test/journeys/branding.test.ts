import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { codeSentTo, signUp, somebody } from '../support/people.ts'

const aurora = fileURLToPath(new URL('../../docs/branding/aurora', import.meta.url))

describe('a brand of one’s own', () => {
  let latchkey: Running
  let folder: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'aurora-'))
    cpSync(aurora, folder, { recursive: true })
    mkdirSync(join(folder, 'views/mail'), { recursive: true })
    writeFileSync(
      join(folder, 'views/help.ejs'),
      '<p class="lead">Help of <%= page.brand.name %>, <%= page.locale %></p>\n',
    )
    writeFileSync(join(folder, 'views/mail/welcome.text.ejs'), 'Welcome from <%= page.name %>.\n')
    latchkey = await startLatchkey({ environment: { LATCHKEY_BRAND: folder } })
  })
  after(async () => {
    await latchkey.stop()
    rmSync(folder, { recursive: true })
  })

  const open = (path: string, who = somebody()) => who.browser.get(`${latchkey.issuer}${path}`)

  it('names and shows itself on every page, and says Latchkey on none', async () => {
    for (const path of [
      '/sign-in',
      '/sign-up',
      '/forgot-password',
      '/recover',
      '/signed-out',
      '/nowhere',
      '/recover/identity',
    ]) {
      const page = await open(path)
      expect(page.title, path).to.match(/ · Aurora$/)
      expect(page.text, path).to.not.match(/latchkey/i)
      expect(page.find('img.brand-logo')?.attributes.src).to.match(/^\/assets\/logo\.[0-9a-f]{8}\.svg$/)
      expect(page.all('meta[name=theme-color]').map(each => each.attributes.content)).to.include('#fffffd')
    }
  })

  it('serves its colours and pictures under the policy of every page, with nothing inline', async () => {
    const page = await open('/sign-in')
    expect(page.headers.get('content-security-policy')).to.include("style-src 'self';")
    expect(page.all('[style], style')).to.deep.equal([])
    const [style = ''] = page
      .all('link[rel=stylesheet]')
      .map(each => each.attributes.href ?? '')
      .filter(href => href.includes('/brand.'))
    const sheet = await fetch(`${latchkey.issuer}${style}`)
    expect(sheet.headers.get('content-type')).to.include('text/css')
    expect(sheet.headers.get('cache-control')).to.include('immutable')
    expect(await sheet.text())
      .to.include('--key:light-dark(#5b21b6,#c4b5fd)')
      .and.include('--radius:4px')
    const logo = await fetch(`${latchkey.issuer}${page.find('img.brand-logo')?.attributes.src}`)
    expect(logo.headers.get('content-type')).to.include('image/svg+xml')
    expect(logo.headers.get('content-security-policy')).to.include("default-src 'none'")
  })

  it('links to its terms where people sign up, and to support everywhere', async () => {
    const links = async (path: string) =>
      (await open(path))
        .find('main')
        ?.all('a')
        .map(each => each.attributes.href)
    expect(await links('/sign-up')).to.include.members([
      'https://aurora.example/terms',
      'https://aurora.example/privacy',
    ])
    expect(await links('/sign-in')).to.not.include('https://aurora.example/terms')
    expect((await open('/help')).find('footer')?.text).to.include('Contact support')
  })

  it('writes in its name and colours, and with views of its own', async () => {
    const person = somebody()
    await (await open('/sign-up', person)).submit({ email: person.email })
    await codeSentTo(latchkey, person.email)
    const [mail] = await latchkey.outbox(person.email)
    expect(`${mail?.subject} ${mail?.text}`)
      .to.include('Aurora')
      .and.not.match(/latchkey(?!\.)/i)
    const other = somebody()
    await signUp(latchkey, other, await open('/sign-up', other))
    const welcome = (await latchkey.outbox(other.email)).find(each => each.text.includes('Welcome from'))
    expect(welcome?.text).to.include('Welcome from Aurora.')
    expect((await open('/help')).find('main')?.text).to.include('Help of Aurora, en')
  })

  it('is read anew, and stays as it is where the new one is at fault', async () => {
    const file = join(folder, 'brand.json')
    const brand = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...brand, name: 'Borealis' }))
    await latchkey.reload()
    expect((await open('/sign-in')).title).to.match(/ · Borealis$/)
    writeFileSync(join(folder, 'views/mail/welcome.text.ejs'), 'A new welcome from <%= page.name %>.\n')
    await latchkey.reload()
    const person = somebody()
    await signUp(latchkey, person, await open('/sign-up', person))
    const texts = (await latchkey.outbox(person.email)).map(each => each.text)
    expect(texts.join()).to.include('A new welcome from Borealis.')
    writeFileSync(file, JSON.stringify({ ...brand, name: 'Nebel', colours: { light: { ink: '#eeeeee' } } }))
    await latchkey.reload()
    expect((await open('/sign-in')).title).to.match(/ · Borealis$/)
    expect(latchkey.logged()).to.match(/LATCHKEY_BRAND is not read anew: .*ink on paper has a contrast of/)
  })

  it('keeps Latchkey from starting where it is at fault, with every fault', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'brand-'))
    const brand = { name: 'x', radius: 99, links: { terms: 'nowhere' } }
    writeFileSync(join(empty, 'brand.json'), JSON.stringify(brand))
    const fault = await startLatchkey({ environment: { LATCHKEY_BRAND: empty } }).then(
      running => running.stop(),
      each => each,
    )
    rmSync(empty, { recursive: true })
    expect(fault?.message).to.include('LATCHKEY_BRAND brand.json: radius').and.include('links.terms')
  })
})
