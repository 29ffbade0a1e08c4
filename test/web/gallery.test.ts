import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { mails } from '../../src/delivery/mails.ts'
import { languages } from '../../src/languages.ts'
import { gallery, letters, texts } from '../support/gallery.ts'
import { jar } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'

describe('/dev/gallery', () => {
  const latchkey = whileTesting(startLatchkey)

  const open = (path: string, headers: Record<string, string> = {}) =>
    jar().get(`${latchkey.issuer}/dev/gallery${path}`, { headers, follow: false })

  it('lists every page and email in every state', async () => {
    const page = await open('')
    expect(page.status).to.equal(200)
    const titles = page
      .find('main')
      ?.all('li')
      .map(each => each.find('a')?.text)
    expect(titles).to.include.members([...gallery, ...letters, ...texts].map(({ title }) => title))
  })

  for (const [tag, { direction }] of Object.entries(languages))
    it(`shows every page in ${tag}, in the light and in the dark`, async () => {
      for (const { title } of gallery) {
        const page = await open(`/page/${title}?language=${tag}&theme=dark`)
        expect(page.status, title).to.be.oneOf([200, 422])
        expect(page.find('html')?.attributes, title).to.include({ lang: tag, dir: direction, 'data-theme': 'dark' })
      }
    }).timeout(60_000)

  it('shows every email in every language, with its style and nothing else', async () => {
    for (const tag of Object.keys(languages))
      for (const { title } of letters) {
        const mail = await open(`/mail/${title}?language=${tag}`)
        expect(mail.status, title).to.equal(200)
        expect(mail.find('html')?.attributes.lang).to.equal(tag)
        expect(mail.headers.get('content-security-policy')).to.include("default-src 'none'").and.include('sandbox')
        const text = await open(`/mail/${title}?language=${tag}&format=text`)
        expect(text.headers.get('content-type')).to.include('text/plain')
      }
  }).timeout(60_000)

  it('shows every text message in every language, with the line by which phones fill a code in', async () => {
    expect(new Set(texts.map(({ name }) => name))).to.deep.equal(
      new Set(Object.keys(mails).filter(name => 'text' in mails[name as keyof typeof mails])),
    )
    const said = new Set<string>()
    for (const tag of Object.keys(languages))
      for (const { title, kind } of texts) {
        const text = await open(`/text/${title}?language=${tag}`)
        expect([text.status, text.headers.get('content-language')], title).to.deep.equal([200, tag])
        expect(text.headers.get('content-type')).to.include('text/plain')
        if (kind === 'code') expect(text.html).to.match(/\n\n@localhost #482913$/)
        said.add(text.html)
      }
    // The name of an app is left out where it is too long for one message.
    expect(said.size).to.be.at.least((texts.length - 2) * Object.keys(languages).length)
  }).timeout(60_000)

  it('shows the open list of countries in the language of the page', async () => {
    const page = await open('/page/sign-up-phone-countries?language=de')
    expect(page.find('select[data-opened] option[selected]')?.text).to.equal('Vereinigtes Königreich (+44)')
    expect(page.all('#country option')).to.have.length.above(200)
  })

  it('says what went wrong in the language of the page', async () => {
    const refused = gallery.find(({ locals }) => locals.problem?.code === 'invalid_email')
    const page = await open(`/page/${refused?.title}?language=de`)
    expect(page.alerts.join()).to.match(/E-Mail-Adresse/)
  })

  it('knows nothing else', async () => {
    for (const path of ['/page/nothing', '/mail/nothing', '/page/constructor', '/other/sign-in'])
      expect((await open(path)).status, path).to.equal(404)
  })

  it('is for this machine alone, and in production for nobody', async () => {
    const { issuer, stop } = await startLatchkey({ environment: { LATCHKEY_TRUST_PROXY: '127.0.0.1,::1' } })
    for (const path of ['', '/page/overview', '/mail/welcome']) {
      const headers = { 'x-forwarded-for': '203.0.113.9', accept: 'text/html' }
      expect((await fetch(`${issuer}/dev/gallery${path}`, { headers })).status, path).to.equal(404)
    }
    await stop()
    const environment = {
      NODE_ENV: 'production',
      LATCHKEY_SECRETS: 's'.repeat(32),
      LATCHKEY_MAIL_URL: 'smtp://127.0.0.1:9',
      LATCHKEY_SMS_URL: 'http://127.0.0.1:9',
    }
    const folder = mkdtempSync(join(tmpdir(), 'gallery-'))
    writeFileSync(join(folder, 'clients.json'), '{"apis":[],"clients":[]}')
    const production = await startLatchkey({ environment, clients: join(folder, 'clients.json') })
    for (const path of ['', '/page/overview', '/mail/welcome'])
      expect((await fetch(`${production.issuer}/dev/gallery${path}`)).status, path).to.equal(404)
    await production.stop()
    rmSync(folder, { recursive: true })
  })
})
