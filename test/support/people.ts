import { expect } from 'chai'
import type { Authenticator } from './authenticator.ts'
import { totpAt } from './codes.ts'
import { type Jar, jar, type Page } from './jar.ts'
import type { Running } from './latchkey.ts'

/** A person of the journeys: their browser, what they know, and what they hold. */
export interface Person {
  browser: Jar
  email: string
  password: string
  /** Base32, once an authenticator is set up. */
  secret: string
  phone: string
  recoveryCodes: string[]
}

let born = 0

/** Somebody whom Latchkey has never met. */
export function somebody(headers: Record<string, string> = {}): Person {
  born += 1
  return {
    browser: jar(headers),
    email: `person${born}@example.com`,
    password: `quiet harbour lantern ${born}`,
    secret: '',
    phone: `+4366412345${String(born).padStart(2, '0')}`,
    recoveryCodes: [],
  }
}

/** The newest code that was sent to an address or number. */
export async function codeSentTo(latchkey: Running, to: string): Promise<string> {
  const messages = await latchkey.outbox(to)
  return messages.find(each => each.code !== undefined)?.code ?? expect.fail(`no code was sent to ${to}`)
}

/** What the person's authenticator shows now. Each code is good once, so the clock moves on to one that is fresh. */
export function authenticatorCode(latchkey: Running, person: Person): string {
  latchkey.clock.pass(31_000)
  return totpAt(person.secret, latchkey.clock.now())
}

/** Answers a page's question for a passkey, to make one or to use one. */
export async function usePasskey(
  person: Person,
  page: Page,
  device: Authenticator,
  more: Record<string, string> = {},
): Promise<Page> {
  const form = page.find('[data-passkey]')
  const asked = JSON.parse(form?.attributes['data-options'] ?? '{}')
  const { origin } = new URL(page.url)
  const create = form?.attributes['data-passkey'] === 'create'
  const response = create ? await device.create(asked, origin) : await device.get(asked, origin)
  return person.browser.post(`${page.url}/passkey`, { ...more, response: JSON.stringify(response) })
}

/** From the first page of a sign-up, wherever it began, to the page after the last step; with a passkey on the device that is told. */
export async function signUp(
  latchkey: Running,
  person: Person,
  start: Page,
  second: 'totp' | 'sms' = 'totp',
  device?: Authenticator,
): Promise<Page> {
  let page = await start.submit({ email: person.email })
  page = await page.submit({ code: await codeSentTo(latchkey, person.email) })
  page = await page.submit({ password: person.password })
  if (second === 'totp') {
    person.secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
    page = await page.submit({ code: authenticatorCode(latchkey, person) })
  } else {
    page = await page.submit({ phone: person.phone })
    page = await page.submit({ code: await codeSentTo(latchkey, person.phone) })
  }
  person.recoveryCodes = page.all('[data-recovery-code]').map(each => each.text)
  latchkey.keepOut(person.password, person.secret, ...person.recoveryCodes)
  page = await page.submit({ saved: true })
  const done = device ? await usePasskey(person, page, device) : await page.submit({}, { action: '/skip' })
  await keepCookiesOut(latchkey, person)
  return done
}

async function keepCookiesOut(latchkey: Running, { browser }: Person): Promise<void> {
  const cookies = await browser.cookies.getCookies(latchkey.issuer)
  latchkey.keepOut(...cookies.map(each => each.value))
}

/** From the first page of a sign-in to the page after the second factor. */
export async function signIn(latchkey: Running, person: Person, start: Page): Promise<Page> {
  const page = await start.submit({ email: person.email, password: person.password })
  const done = await page.submit({ code: authenticatorCode(latchkey, person) })
  await keepCookiesOut(latchkey, person)
  return done
}
