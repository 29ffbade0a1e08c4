import { expect } from 'chai'
import { type Authenticator, authenticator } from './authenticator.ts'
import { totpAt } from './codes.ts'
import { jar, type Page } from './jar.ts'
import type { Running } from './latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, signUp, somebody, usePasskey } from './people.ts'

export { usePasskey }

/** What people do about what protects their account. */
export interface Security {
  /** Somebody who has just signed up, with a passkey on the device that is told, and is signed in. */
  joined(second?: 'totp' | 'sms', device?: Authenticator): Promise<Person>
  open(person: Person, path?: string): Promise<Page>
  /** A form post to `/account/security/<name>`, from the page that asks first where there is one. */
  act(person: Person, name: string, fields: Record<string, string>): Promise<Page>
  /** The same person at another browser, and signed in there. */
  elsewhere(person: Person): Promise<Person>
  isIn(person: Person): Promise<boolean>
  /** Signs out everywhere, and resolves to the page that says so. */
  signOutEverywhere(person: Person): Promise<Page>
  addPasskey(person: Person, device?: Authenticator): Promise<Page>
  /** Resolves to the key of the new authenticator, too. */
  addAuthenticator(person: Person): Promise<[Page, string]>
  addPhone(person: Person, phone?: string): Promise<Page>
}

/** Those acts, at one Latchkey. */
export function securityAt(latchkey: Running): Security {
  const open: Security['open'] = ({ browser }, path = '/account/security') => browser.get(`${latchkey.issuer}${path}`)
  const act: Security['act'] = ({ browser }, name, fields) =>
    browser.post(`${latchkey.issuer}/account/security/${name}`, { ...fields, confirmed: 'yes' })
  return {
    open,
    act,
    joined: async (second, device) => {
      const person = somebody()
      await signUp(latchkey, person, await open(person, '/sign-up'), second, device)
      return person
    },
    elsewhere: async owner => {
      const person = { ...owner, browser: jar() }
      const start = await open(person, '/sign-in')
      let page = await start.submit({ email: person.email, password: person.password })
      page = await person.browser.post(`${page.url}/use`, { factor: 'totp' })
      await page.submit({ code: authenticatorCode(latchkey, person) })
      return person
    },
    signOutEverywhere: async person => {
      const asked = await (await open(person, '/account/sessions')).submit({}, 'Sign out everywhere')
      return asked.submit({}, 'Sign out everywhere')
    },
    isIn: async person => (await open(person, '/account')).url === `${latchkey.issuer}/account`,
    addPasskey: async (person, device = authenticator()) =>
      usePasskey(person, await act(person, 'add', { factor: 'passkey' }), device),
    addAuthenticator: async person => {
      const page = await act(person, 'add', { factor: 'totp' })
      const secret = page.find('[data-totp-secret]')?.text.replace(/\s/g, '') ?? ''
      latchkey.keepOut(secret)
      return [await page.submit({ code: totpAt(secret, latchkey.clock.now()) }), secret]
    },
    addPhone: async (person, phone = person.phone) => {
      let page = await act(person, 'add', { factor: 'sms' })
      page = await page.submit({ phone })
      return page.submit({ code: await codeSentTo(latchkey, phone) })
    },
  }
}

/** The id of the credential that stands under this name on `/account/security`. */
export function credentialOn(page: Page, name: string): string {
  const line = page.all('li.line').find(each => each.find('.name')?.text.startsWith(name))
  const found = line?.find('[name=credential]')
  return found?.attributes.value ?? expect.fail(`nothing to do with ${name} on ${page.url}`)
}
