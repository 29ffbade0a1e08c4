import { expect } from 'chai'
import { jar, type Page } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, type Person } from '../support/people.ts'
import { securityAt } from '../support/security.ts'
import { slow } from '../support/store.ts'

describe('closing an account while somebody signs in', () => {
  const latchkey = whileTesting(() => startLatchkey({ through: store => slow(store, 4) }))
  const at = securityAt(latchkey)

  /** Browsers that have still to answer the second factor. */
  const halfway = async (ada: Person): Promise<[Person, Page]> => {
    const person = { ...ada, browser: jar() }
    const start = await at.open(person, '/sign-in')
    const page = await start.submit({ email: ada.email, password: ada.password })
    return [person, page]
  }

  for (const head of [0, 60, 120]) {
    it(`leaves no session that counts, then or later (${head} ms ahead)`, async () => {
      const ada = await at.joined()
      const [person, half] = await halfway(ada)
      const code = authenticatorCode(latchkey, ada)
      const page = await at.open(ada, '/account/close')
      const signingIn = half.submit({ code })
      await new Promise(resolve => setTimeout(resolve, head))
      await Promise.all([signingIn, page.submit({}, 'Close my account')])
      expect(await at.isIn(ada)).to.equal(false)
      expect(await at.isIn(person)).to.equal(false)
      const mails = await latchkey.outbox(ada.email)
      const link = mails.find(each => each.link?.includes('/keep/'))?.link ?? expect.fail('no link')
      expect((await (await jar().get(link)).submit({})).h1).to.equal('Your account stays open')
      expect(await at.isIn(ada)).to.equal(false)
      expect(await at.isIn(person)).to.equal(false)
    })
  }
})
