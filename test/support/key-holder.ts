import { expect } from 'chai'
import type { Page } from './jar.ts'
import { type Running, startLatchkey } from './latchkey.ts'
import { type Person, signUp, somebody } from './people.ts'
import type { Held } from './signing.ts'

/** The resource server of clients.json. */
export const server = { id: 'order-book', secret: 'order-book-development-only-secret-6' }

/** Client credentials as HTTP Basic. */
export const basic = ({ id, secret }: typeof server): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

/** A Latchkey, somebody who makes API keys there, and a resource server that asks about them. */
export interface KeyHolder {
  latchkey: Running
  ada: Person
  /** Latchkey's time, in milliseconds. */
  at(): number
  keysPage(): Promise<Page>
  /** Makes a key in the account. */
  create(answers: Record<string, string | string[]>): Promise<Held>
  /** The id and the secret that a page shows. */
  shownOn(page: Page): Held
  /** Asks as the resource server; `authorization` is its own unless told. */
  ask(question: object, authorization?: string): Promise<Response>
  /** What the answer says. */
  verdict(question: object): Promise<Record<string, unknown>>
  /** Mails that the owner got, by their subject. */
  mails(subject: RegExp): Promise<{ subject: string; text: string }[]>
}

/** Starts a Latchkey where Ada has just signed up. */
export async function keyHolder(): Promise<KeyHolder> {
  const latchkey = await startLatchkey()
  const ada = somebody()
  await signUp(latchkey, ada, await ada.browser.get(`${latchkey.issuer}/sign-up`))
  const holder: KeyHolder = {
    latchkey,
    ada,
    at: latchkey.clock.now,
    keysPage: () => ada.browser.get(`${latchkey.issuer}/account/api-keys`),
    create: async answers => {
      const page = await (await holder.keysPage()).submit(answers, 'Create key')
      expect(page.status, page.alerts.join()).to.equal(200)
      return holder.shownOn(page)
    },
    shownOn: page => {
      const secret = page.find('[data-api-key-secret]')?.text ?? ''
      latchkey.keepOut(secret)
      return { id: page.find('[data-api-key-id]')?.text ?? '', secret }
    },
    ask: (question, authorization = basic(server)) =>
      fetch(`${latchkey.issuer}/api-keys/verify`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
        body: JSON.stringify(question),
      }),
    verdict: async question => (await (await holder.ask(question)).json()) as Record<string, unknown>,
    mails: async subject => (await latchkey.outbox(ada.email)).filter(each => subject.test(each.subject)),
  }
  return holder
}
