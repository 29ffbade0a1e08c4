import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { languages } from '../../src/languages.ts'
import { gallery, letters } from '../support/gallery.ts'
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
    expect(titles).to.include.members([...gallery, ...letters].map(({ title }) => title))
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
