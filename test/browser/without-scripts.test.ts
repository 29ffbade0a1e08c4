import { expect } from 'chai'
import type { BrowserContext, Page } from 'playwright-core'
import { launch } from '../support/browser.ts'
import { type GalleryServer, serveGallery } from '../support/gallery-server.ts'

describe('pages without JavaScript', () => {
  let server: GalleryServer
  let context: BrowserContext
  let page: Page

  before(async () => {
    server = await serveGallery()
  })
  after(() => server?.close())
  beforeEach(async () => {
    server.posted.length = 0
    context = await (await launch()).newContext({ javaScriptEnabled: false })
    page = await context.newPage()
  })
  afterEach(() => context?.close())

  const open = (title: string) => page.goto(`${server.origin}/${title}`)
  /** The posts that the server has, once the page says that the newest is among them. */
  const posted = async (count = 1) => {
    await page.getByText('posted').waitFor()
    expect(server.posted).to.have.length(count)
    return server.posted[0] as (typeof server.posted)[0]
  }

  it('signs in with a password, and says what passkeys need', async () => {
    await open('start')
    const note = page.locator('noscript p')
    await note.waitFor()
    expect(await note.textContent()).to.include('Passkeys need JavaScript')
    await page.getByLabel('Email').fill('ada@example.com')
    await page.getByLabel('Password').fill('correct horse')
    await page.getByRole('button', { name: 'Sign in' }).click()
    const { path, fields } = await posted()
    expect(path).to.equal('/sign-in/a1/password')
    expect(Object.fromEntries(fields)).to.deep.equal({ email: 'ada@example.com', password: 'correct horse' })
  })

  it('takes another way, asks again, and passes over', async () => {
    await open('prove-sms')
    await page.getByText('Use another way', { exact: true }).click()
    await page.getByRole('button', { name: 'A recovery code' }).click()
    expect(String((await posted()).fields)).to.equal('factor=recovery-code')
    await open('sign-up-phone-code')
    await page.getByRole('button', { name: 'Send again' }).click()
    await page.getByText('posted').waitFor()
    expect(server.posted[1]?.fields.get('phone')).to.equal('+447700900123')
    await open('sign-up-passkey')
    await page.getByRole('button', { name: 'Not now' }).click()
    await page.getByText('posted').waitFor()
    expect(server.posted[2]?.path).to.equal('/sign-up/a1/skip')
  })
})
