import { expect } from 'chai'
import { jar, type Page } from './jar.ts'
import type { Message, Running } from './latchkey.ts'
import { type Person, signIn, signUp, somebody } from './people.ts'

/** Where the journeys' people are at home. */
export const vienna = '193.171.23.1'

/** The same person at another browser, elsewhere. */
export function at(owner: Person, address: string): Person {
  return { ...owner, browser: jar({ 'x-forwarded-for': address }) }
}

/** What people do who sign in from here and there. */
export function travellers(latchkey: () => Running) {
  const start = (person: Person, path = '/sign-in') => person.browser.get(`${latchkey().issuer}${path}`)
  const account = () => `${latchkey().issuer}/account`
  /** Mails that ask whether a sign-in is its owner's, newest first. */
  const asked = async ({ email }: Person): Promise<Message[]> =>
    (await latchkey().outbox(email)).filter(({ link }) => link?.includes('/confirm/'))
  return {
    start,
    asked,
    /** Somebody new, at home in Vienna. */
    signedUp: async (): Promise<Person> => {
      const person = somebody({ 'x-forwarded-for': vienna })
      await signUp(latchkey(), person, await start(person, '/sign-up'))
      return person
    },
    /** Proves both factors; resolves to what comes then. */
    prove: async (person: Person): Promise<Page> => signIn(latchkey(), person, await start(person)),
    isIn: async (person: Person) => (await person.browser.get(account())).url === account(),
    linkTo: async (person: Person): Promise<string> => (await asked(person))[0]?.link ?? expect.fail('no mail'),
  }
}
