import { expect } from 'chai'
import type { Collection, Doc, Store } from '../../src/store/collection.ts'
import { startSuite } from '../support/all-apps.ts'
import { jar } from '../support/jar.ts'
import { whileTesting } from '../support/latchkey.ts'
import { authenticatorCode } from '../support/people.ts'
import { securityAt } from '../support/security.ts'

describe('a sign-in that ends while all sessions of its account do', () => {
  const latchkey = whileTesting(() => startSuite({ through }))
  const at = securityAt(latchkey)
  /** What happens just before the next session is kept. */
  let meanwhile: (() => Promise<void>) | undefined

  const through = (store: Store): Store => ({
    ...store,
    collection<T extends Doc>(declaration: Parameters<typeof store.collection<T>>[0]): Collection<T> {
      const kept = store.collection(declaration)
      if (declaration.name !== 'sso_sessions') return kept
      const first = async () => {
        const act = meanwhile
        meanwhile = undefined
        await act?.()
      }
      return {
        ...kept,
        insert: async doc => {
          await first()
          return kept.insert(doc)
        },
        put: async doc => {
          await first()
          return kept.put(doc)
        },
      }
    },
  })

  for (const [where, begin] of [
    ['our own pages', () => `${latchkey.issuer}/sign-in`],
    ['an app', () => `${latchkey.apps.trading}/login`],
  ] as const) {
    it(`leaves no session behind, on its way to ${where}`, async () => {
      const ada = await at.joined()
      await at.addPhone(ada)
      const mails = await latchkey.outbox(ada.email)
      const undo = await jar().get(mails.find(each => each.link?.includes('/not-me/'))?.link ?? expect.fail('no link'))
      const thief = { ...ada, browser: jar() }
      const half = await (await thief.browser.get(begin())).submit({ email: ada.email, password: ada.password })
      meanwhile = async () => {
        expect((await undo.submit()).status).to.equal(200)
      }
      const page = await half.submit({ code: authenticatorCode(latchkey, ada) })
      expect(meanwhile).to.equal(undefined)
      expect(page.text).to.not.contain(ada.email)
      expect(await at.isIn(thief)).to.equal(false)
    })
  }
})
