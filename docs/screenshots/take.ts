import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { device } from '../../test/browser/visitor.ts'
import { startSuite } from '../../test/support/all-apps.ts'
import { withdrawal } from '../../test/support/approvals.ts'
import { close, launch } from '../../test/support/browser.ts'
import { totpAt } from '../../test/support/codes.ts'
import { codeSentTo, somebody } from '../../test/support/people.ts'
import { freePorts } from '../../test/support/ports.ts'

// npm run screenshots: takes the pictures that README and docs show, from the pages as they are.
const looks = [
  { name: '', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { name: '.dark', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { name: '.narrow', colorScheme: 'light', viewport: { width: 360, height: 760 } },
  { name: '.narrow.dark', colorScheme: 'dark', viewport: { width: 360, height: 760 } },
] as const

// Apps that are not of the suite: all that one does is to be there, and one asks from elsewhere.
const shared = 'counter-development-only-secret-0001'
const [port = 0] = await freePorts(1)
const stranger = createServer((_, res) => res.end('done')).listen(port, 'localhost')
const redirect = `http://localhost:${port}/callback`
const latchkey = await startSuite({
  environment: { LATCHKEY_LOG: 'silent' },
  more: [
    {
      client_id: 'ledgerly',
      client_name: 'Ledgerly',
      token_endpoint_auth_method: 'none',
      redirect_uris: [redirect],
    },
    {
      client_id: 'counter',
      client_name: 'Counter',
      client_secret: shared,
      token_endpoint_auth_method: 'client_secret_post',
      development: true,
      grant_types: ['urn:openid:params:grant-type:ciba', 'refresh_token'],
      redirect_uris: [],
      backchannel_token_delivery_mode: 'poll',
      first_party: true,
    },
  ],
})
const request = new URLSearchParams({
  client_id: 'ledgerly',
  redirect_uri: redirect,
  response_type: 'code',
  scope: 'openid email',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
})
const browser = await launch()

async function asked(endpoint: string, form: Record<string, string>): Promise<Record<string, string>> {
  const answer = await fetch(`${latchkey.issuer}${endpoint}`, { method: 'POST', body: new URLSearchParams(form) })
  if (!answer.ok) throw new Error(`${endpoint}: ${await answer.text()}`)
  return answer.json()
}

async function take(page: Page, picture: string): Promise<void> {
  for (const { name, colorScheme, viewport } of looks) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize(viewport)
    await page.waitForLoadState('networkidle')
    const path = fileURLToPath(new URL(`${picture}${name}.png`, import.meta.url))
    await page.screenshot({ path, fullPage: true })
  }
}

try {
  const person = { ...somebody(), email: 'ada@example.com' }
  const page = await (await browser.newContext()).newPage()
  await page.goto(`${latchkey.apps.trading}/login`)
  await take(page, 'sign-in')
  await page.getByRole('link', { name: 'Create an account' }).click()
  await take(page, 'sign-up')
  const submit = () => page.locator('main button.go').click()
  await page.fill('input[name=email]', person.email)
  await submit()
  await page.waitForSelector('input[name=code]')
  await take(page, 'email-code')
  await page.fill('input[name=code]', await codeSentTo(latchkey, person.email))
  await page.waitForSelector('input[name=password]')
  await page.fill('input[name=password]', person.password)
  await page.waitForSelector('#meter[data-score="4"]')
  await take(page, 'password')
  await submit()
  const secret = (await page.locator('[data-totp-secret]').textContent()) ?? ''
  await take(page, 'authenticator')
  await page.fill('input[name=code]', totpAt(secret, latchkey.clock.now()))
  await page.waitForSelector('[data-recovery-code]')
  await take(page, 'recovery-codes')
  await page.check('input[name=saved]')
  await submit()
  await page.waitForSelector('[data-skip]')
  await take(page, 'passkey')
  await page.click('[data-skip]')
  await page.waitForURL(`${latchkey.apps.trading}/`)
  await take(page, 'trading')
  await page.goto(`${latchkey.issuer}/authorize?${request}`)
  await take(page, 'consent')
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  await page.waitForURL(`${redirect}*`)
  for (const [path, picture] of [
    ['/account', 'account'],
    ['/account/security', 'security'],
    ['/account/security/restrictions', 'restrictions'],
    ['/account/sessions', 'sessions'],
    ['/account/activity', 'activity'],
    ['/account/api-keys', 'api-keys'],
    ['/account/apps', 'apps'],
    ['/account/data', 'data'],
    ['/account/profile', 'profile'],
    ['/account/close', 'close'],
    ['/forgot-password', 'forgot-password'],
    ['/recover', 'recover'],
    ['/recover/identity', 'identity'],
    ['/help', 'help'],
  ]) {
    await page.goto(`${latchkey.issuer}${path}`)
    await take(page, picture ?? '')
  }
  const television = await asked('/device-authorization', { client_id: 'television', scope: 'openid' })
  await page.goto(`${latchkey.issuer}/device`)
  await take(page, 'device')
  await page.goto(television.verification_uri_complete ?? '')
  await page.getByRole('button', { name: 'Connect the device' }).waitFor()
  await take(page, 'device-confirm')
  await asked('/backchannel', {
    client_id: 'counter',
    client_secret: shared,
    scope: 'openid',
    login_hint: person.email,
    binding_message: 'Order 4711, at the counter in Linz',
  })
  await page.goto(`${latchkey.issuer}/account/approvals`)
  await page.getByText('Order 4711').waitFor()
  await take(page, 'approvals')
  await device({ page })
  await page.goto(`${latchkey.issuer}/account/security`)
  await page.locator('[data-factor=passkey]').click()
  await page.getByRole('button', { name: 'Create a passkey' }).click()
  await page.waitForURL(`${latchkey.issuer}/account/security`)
  // Until the hold is over, a new passkey approves nothing; the browser then offers it, and its owner takes it.
  latchkey.clock.pass(25 * 3_600_000)
  await page.goto(`${latchkey.apps.wallet}/login`)
  await page.waitForURL(url => url.href.startsWith(latchkey.apps.wallet))
  await page.goto(`${latchkey.apps.wallet}/withdraw`)
  await page.fill('#amount', withdrawal.amount)
  await page.fill('#address', withdrawal.address)
  await submit()
  await page.waitForSelector('.sum')
  await take(page, 'approve')
  // Last of all, because it ends the session.
  latchkey.clock.pass(6 * 60_000)
  await page.goto(`${latchkey.issuer}/account/close`)
  await submit()
  await page.getByRole('button', { name: 'Use a passkey' }).click()
  await page.waitForURL(`${latchkey.issuer}/closing`)
  // The browser offers the passkey, and its owner takes it.
  await page.goto(`${latchkey.issuer}/sign-in`)
  await page.waitForSelector('form[action$="/keep"]')
  await take(page, 'closing')
} finally {
  await close()
  stranger.close()
  await latchkey.stop()
}
