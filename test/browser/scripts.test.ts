import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import type { BrowserContext, Page } from 'playwright-core'
import { launch } from '../support/browser.ts'
import { type GalleryServer, serveGallery } from '../support/gallery-server.ts'

describe('the scripts of pages', () => {
  let server: GalleryServer
  let context: BrowserContext
  let page: Page

  before(async () => {
    server = await serveGallery()
  })
  after(() => server?.close())
  beforeEach(async () => {
    server.posted.length = 0
    context = await (await launch()).newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
    page = await context.newPage()
  })
  afterEach(() => context?.close())

  const open = (title: string) => page.goto(`${server.origin}/${title}`)
  const posted = async (count = 1) => {
    await page.getByText('posted').waitFor()
    expect(server.posted).to.have.length(count)
    return server.posted[0] as (typeof server.posted)[0]
  }
  /** A device with a screen lock, that says yes to everything. */
  const authenticator = async (isUserVerified = true) => {
    const devtools = await context.newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified,
      },
    })
  }

  /** Has the browser note what it is told of passkeys, as one does that can tell a password manager. */
  const noting = () =>
    context.addInitScript(() => {
      const told: unknown[] = []
      const note = (signal: string) => async (what: object) => void told.push({ signal, ...what })
      const signals = ['signalUnknownCredential', 'signalAllAcceptedCredentials', 'signalCurrentUserDetails']
      const noted = Object.fromEntries(signals.map(each => [each, note(each)]))
      Object.assign(globalThis, { told })
      Object.assign((globalThis as unknown as { PublicKeyCredential: object }).PublicKeyCredential, noted)
    })
  const told = () => page.evaluate('globalThis.told')

  it('takes an answer on to the app without asking anything', async () => {
    const arrived = page.waitForResponse(answer => answer.url().endsWith('/nowhere'))
    await open('go-on')
    await arrived
    expect(server.posted.map(({ path, fields }) => [path, fields.get('code')?.length])).to.deep.equal([
      ['/nowhere', 43],
    ])
    expect(await page.getByRole('button', { name: 'Continue' }).isVisible()).to.equal(true)
  })

  it('has password managers forget a passkey that no account takes any more', async () => {
    await noting()
    await open('start-passkey-unknown')
    expect(await told()).to.deep.equal([
      { signal: 'signalUnknownCredential', rpId: 'localhost', credentialId: 'cGFzc2tleQ' },
    ])
    await open('start-passkey-refused')
    expect(await told()).to.deep.equal([])
  })

  it('tells password managers which passkeys an account takes, and its name', async () => {
    await noting()
    await open('security')
    const whose = { rpId: 'localhost', userId: 'YWRh' }
    expect(await told()).to.deep.equal([
      { signal: 'signalAllAcceptedCredentials', ...whose, allAcceptedCredentialIds: ['cGFzc2tleQ'] },
      { signal: 'signalCurrentUserDetails', ...whose, name: 'ada@example.com', displayName: 'ada@example.com' },
    ])
  })

  it('sends a code once it is whole, without its spaces', async () => {
    await open('prove-authenticator')
    await page.getByLabel('Six-digit code').pressSequentially('482 913')
    const { path, fields } = await posted()
    expect(path).to.equal('/sign-in/a1/totp')
    expect(fields.get('code')).to.equal('482913')
  })

  it('leaves a code alone that is something else', async () => {
    await open('prove-authenticator')
    await page.getByLabel('Six-digit code').fill('482 913 7')
    await page.getByLabel('Six-digit code').fill('call 482913')
    expect(server.posted).to.deep.equal([])
  })

  it('posts a form once, however often its button is pressed', async () => {
    await open('prove-recovery-code')
    await page.getByLabel('Recovery code').fill('k7qd2-9xw4m')
    await page.evaluate(`const go = document.querySelector('.go'); go.click(); go.click()`)
    await posted(1)
  })

  it('counts down to when a code may be sent again', async () => {
    await page.clock.install()
    await open('prove-sms')
    const again = page.getByRole('button', { name: 'Send again' })
    expect(await again.isDisabled()).to.equal(true)
    await page.clock.runFor(4_000)
    await page.getByText('in 0:20').waitFor()
    await page.clock.runFor(21_000)
    expect(await again.isEnabled()).to.equal(true)
    await again.click()
    expect((await posted()).path).to.equal('/sign-in/a1/sms/begin')
  })

  it('shows a password and hides it, and sends it as a password', async () => {
    await open('start')
    const password = page.getByLabel('Password')
    await password.fill('correct horse')
    await page.getByRole('button', { name: 'Show' }).click()
    expect(await password.getAttribute('type')).to.equal('text')
    await page.getByRole('button', { name: 'Hide' }).click()
    expect(await password.getAttribute('type')).to.equal('password')
  })

  it('says how good a password is, a moment after it was typed, and not once it was sent', async () => {
    await page.clock.install()
    await open('sign-up-password')
    await page.evaluate(`addEventListener('submit', event => event.preventDefault())`)
    await page.getByLabel('Password').fill('correct horse')
    await page.keyboard.press('Enter')
    await page.clock.runFor(1_000)
    await page.getByLabel('Password').fill('correct horse battery')
    await page.clock.runFor(1_000)
    await page.getByText('Good: hard to guess').waitFor()
    expect(await page.locator('#meter').getAttribute('data-score')).to.equal('3')
    expect(server.posted.map(({ path }) => path)).to.deep.equal(['/sign-up/a1/password/judge'])
    expect(server.posted[0]?.fields.get('password')).to.equal('correct horse battery')
    await page.getByLabel('Password').fill('')
    expect(await page.locator('#meter').textContent()).to.equal('')
  })

  it('goes on without a meter that does not answer', async () => {
    await page.route('**/judge', route => route.abort())
    const faults: string[] = []
    page.on('pageerror', error => faults.push(error.message))
    await open('sign-up-password')
    await page.getByLabel('Password').fill('correct horse battery')
    await page.waitForRequest('**/judge')
    await page.getByRole('button', { name: 'Continue' }).click()
    await posted()
    expect(faults).to.deep.equal([])
  })

  it('copies the key of an authenticator as it is typed', async () => {
    await open('sign-up-authenticator')
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByText('Copied').waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).to.equal('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP')
  })

  it('copies and downloads recovery codes with what they are', async () => {
    await open('sign-up-recovery-codes')
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByText('Copied').waitFor()
    const copied = String(await page.evaluate('navigator.clipboard.readText()'))
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download' }).click()
    const file = await download
    expect(file.suggestedFilename()).to.equal('latchkey-recovery-codes.txt')
    const saved = await readFile(await file.path(), 'utf8')
    expect(saved).to.equal(copied)
    expect(saved).to.match(/^Latchkey recovery codes for ada@example\.com\r\n/)
    expect(saved.match(/^[a-z0-9]{5}-[a-z0-9]{5}\r?$/gm)).to.have.length(10)
  })

  it('prints recovery codes and nothing else', async () => {
    await open('sign-up-recovery-codes')
    await page.emulateMedia({ media: 'print' })
    const words = String(await page.evaluate('document.body.innerText'))
    expect(words).to.include('Latchkey recovery codes for ada@example.com').and.include('k7qd2-9xw4m')
    expect(words).not.to.include('Continue').and.not.to.include('Trading')
  })

  it('posts a passkey that the device made', async () => {
    await authenticator()
    await open('sign-up-passkey')
    await page.getByRole('button', { name: 'Create a passkey' }).click()
    const { path, fields } = await posted()
    expect(path).to.equal('/sign-up/a1/passkey')
    expect(JSON.parse(fields.get('response') ?? '')).to.have.property('type', 'public-key')
  })

  it('says in words that a passkey was not given, and lets try again', async () => {
    await authenticator(false)
    await open('sign-up-passkey')
    const button = page.getByRole('button', { name: 'Create a passkey' })
    await button.click()
    await page.getByRole('alert').getByText('cancelled or took too long').waitFor()
    expect(await button.isEnabled()).to.equal(true)
    expect(server.posted).to.deep.equal([])
  })

  it('offers passkeys in the email field only until the button is pressed', async () => {
    await page.addInitScript(`
      const get = navigator.credentials.get.bind(navigator.credentials)
      globalThis.asked = []
      navigator.credentials.get = options => {
        asked.push(options)
        return options.mediation ? new Promise((_, no) => options.signal.addEventListener('abort', () => no(options.signal.reason))) : get(options)
      }
      PublicKeyCredential.isConditionalMediationAvailable = async () => true
    `)
    await open('start')
    await page.waitForFunction(() => Reflect.get(globalThis, 'asked').length === 1)
    expect(await page.evaluate('asked[0].mediation')).to.equal('conditional')
    await page.getByRole('button', { name: 'Use a passkey' }).click()
    await page.waitForFunction(() => Reflect.get(globalThis, 'asked').length > 1)
    expect(await page.evaluate('asked[0].signal.aborted')).to.equal(true)
  })

  it('hides passkeys where the browser has none', async () => {
    await page.addInitScript('delete globalThis.PublicKeyCredential')
    await open('start')
    await page.getByRole('button', { name: 'Use a passkey' }).waitFor({ state: 'hidden' })
    await open('prove-passkey')
    await page.getByText('This browser doesn’t support passkeys.').waitFor()
  })

  it('tells times in the reader’s own zone', async () => {
    const abroad = await (await launch()).newContext({ timezoneId: 'Asia/Tokyo' })
    const there = await abroad.newPage()
    await there.goto(`${server.origin}/overview`)
    expect(await there.locator('.lately time').first().textContent()).to.equal('2 Mar 2026, 18:41')
    const [zone] = (await abroad.cookies()).filter(({ name }) => name === 'latchkey_zone')
    expect(zone?.value).to.equal('Asia/Tokyo')
    await abroad.close()
  })
})
