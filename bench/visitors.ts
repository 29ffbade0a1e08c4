import { type Jar, jar } from '../test/support/jar.ts'
import type { Measured } from './latchkey.ts'
import type { Caller } from './load.ts'
import { arrived, type Person, prove } from './people.ts'
import { signedOrder } from './signed.ts'

/** Somebody with a browser of their own. */
interface Visitor {
  person: Person
  browser: Jar
}

/** Returns one after the other of the people, each with a browser and an address of their own. */
export function turns(crowd: readonly Person[]) {
  const all = crowd.map((person, at) => ({
    person,
    browser: jar({ 'x-forwarded-for': `203.0.${at >> 8}.${at & 255}` }),
  }))
  let turn = 0
  return () => all[turn++ % all.length] as (typeof all)[number]
}

/** Signs somebody in at a page of ours, who looks at a few and signs out, or just leaves. */
export async function visit(url: string, { person, browser }: Visitor): Promise<void> {
  const start = await browser.get(`${url}/sign-in`)
  const home = start.url.endsWith('/account') ? start : await prove(start, person)
  arrived(home)
  for (const path of ['/account/sessions', '/account/security', '/account/activity']) await okay(browser, url + path)
  if (Math.random() < 0.5) await (await browser.get(`${url}/account`)).submit({}, 'Sign out')
}

/** Signs one after the other in who has a passkey, and out. */
export function passkeys(measured: Measured, holders: number): () => Promise<void> {
  const browsers = Array.from({ length: holders }, (_, at) => jar({ 'x-forwarded-for': `198.51.100.${at}` }))
  let turn = 0
  return async () => {
    const which = turn++ % holders
    const browser = browsers[which] as Jar
    await measured.passkeySignIn(which, browser)
    await (await browser.get(`${measured.url}/account`)).submit({}, 'Sign out')
  }
}

/** Opens a page, and goes. */
export async function leave(url: string): Promise<void> {
  const [one, two] = [Math.random(), Math.random()].map(each => Math.floor(each * 256))
  const page = ['/sign-in', '/sign-up', '/forgot-password'][Math.floor(Math.random() * 3)]
  await okay(jar({ 'x-forwarded-for': `192.0.${one}.${two}` }), url + page)
}

/** Types a wrong password, and goes. */
export async function mistake(url: string, { person }: Visitor): Promise<void> {
  const page = await jar({ 'x-forwarded-for': `192.0.2.${Math.floor(Math.random() * 256)}` }).get(`${url}/sign-in`)
  await page.submit({ email: person.email, password: 'not the one that it is' }, 'Sign in')
}

/** Asks for what programs ask for. */
export async function program(url: string, token: string): Promise<void> {
  for (const path of ['/.well-known/openid-configuration', '/jwks.json', '/health/ready', '/metrics']) {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
    await answer.text()
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`)
  }
}

/** Asks about a signed request, which is good. */
export async function verified(ask: Caller['ask'], { keys }: Measured): Promise<void> {
  const { active } = await ask('/api-keys/verify', await signedOrder(Math.random() < 0.5 ? keys.hmac : keys.ed25519))
  if (active !== true) throw new Error('a signed request did not pass')
}

async function okay(browser: Jar, url: string): Promise<void> {
  const { status, text } = await browser.get(url)
  if (status !== 200) throw new Error(`${url} answered ${status}: ${text.slice(0, 200)}`)
}
