import { expect } from 'chai'
import type { Collection, Doc, Store } from '../../src/store/collection.ts'
import { jar } from '../support/jar.ts'
import { startLatchkey, whileTesting } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person, signUp, somebody } from '../support/people.ts'

/** The same store, and how often each collection was read and written since it was last asked. */
function counting(store: Store) {
  let counts: Record<string, number> = {}
  const add = (name: string, what: 'read' | 'write') => {
    const key = `${name} ${what}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  const counted: Store = {
    ...store,
    collection<T extends Doc>(declaration: Parameters<typeof store.collection<T>>[0]): Collection<T> {
      const inner = store.collection(declaration)
      const noting =
        <A extends unknown[], R>(what: 'read' | 'write', verb: (...given: A) => R) =>
        (...given: A): R => {
          add(declaration.name, what)
          return verb(...given)
        }
      return {
        insert: noting('write', inner.insert),
        put: noting('write', inner.put),
        get: noting('read', inner.get),
        find: noting('read', inner.find),
        patch: noting('write', inner.patch),
        count: noting('write', inner.count),
        take: noting('write', inner.take),
        remove: noting('write', inner.remove),
      }
    },
  }
  const since = () => {
    const { 'attempts read': reads = 0, 'attempts write': writes = 0, 'credentials read': credentials = 0 } = counts
    const all = Object.entries(counts).reduce((sum, [key, times]) => (key.endsWith(' write') ? sum + times : sum), 0)
    counts = {}
    return { own: { reads, writes, credentials }, all }
  }
  return { counted, since }
}

describe('a request of a flow', () => {
  const latchkey = whileTesting(() =>
    startLatchkey({
      through: store => {
        const { counted, since: own } = counting(store)
        since = () => {
          const { own: taken, all: written } = own()
          all += written
          return taken
        }
        return counted
      },
    }),
  )
  let ada: Person
  let since: () => ReturnType<ReturnType<typeof counting>['since']>['own']
  /** Writes to every collection. */
  let all = 0
  before(async () => {
    ada = somebody()
    await signUp(latchkey, ada, await ada.browser.get(`${latchkey.issuer}/sign-up`))
  })

  /** Posts to a page of the flow without following where it leads; resolves to what that took of the store. */
  const post = async (person: Person, url: string, answers: Record<string, string> = {}) => {
    since()
    const page = await person.browser.post(url, answers, { follow: false })
    return { page, ...since() }
  }
  const begun = async () => {
    const person = { ...ada, browser: jar() }
    return { person, page: await person.browser.get(`${latchkey.issuer}/sign-in`) }
  }
  const once = { reads: 1, writes: 1, credentials: 1 }

  it('reads and writes the flow once, and reads the credentials once, for a right answer to each step', async () => {
    // On a device that the account knows: nobody has to be told.
    await (await ada.browser.get(`${latchkey.issuer}/account`)).submit({}, 'Sign out')
    const page = await ada.browser.get(`${latchkey.issuer}/sign-in`)
    const { page: named, ...password } = await post(ada, `${page.url}/password`, {
      email: ada.email,
      password: ada.password,
    })
    expect(named.status).to.equal(303)
    expect(password).to.deep.equal(once)
    const code = authenticatorCode(latchkey, ada)
    const { page: done, ...second } = await post(ada, `${page.url}/totp`, { code })
    expect(done.location).to.equal(`${latchkey.issuer}/account`)
    // That it is done is not written down: the write that ends it begins the session.
    expect(second).to.deep.equal(once)
  })

  it('writes 18 times in all, or once more on a database elsewhere, to every collection, from the open page to the account, on a device that the account knows', async () => {
    await (await ada.browser.get(`${latchkey.issuer}/account`)).submit({}, 'Sign out')
    latchkey.clock.pass(60_000)
    since()
    all = 0
    const page = await ada.browser.get(`${latchkey.issuer}/sign-in`)
    await post(ada, `${page.url}/password`, { email: ada.email, password: ada.password })
    const { page: done } = await post(ada, `${page.url}/totp`, { code: authenticatorCode(latchkey, ada) })
    expect(done.location).to.equal(`${latchkey.issuer}/account`)
    // Where commits take turns of their own, the session's entry of the audit log may need a leaf of its own.
    expect(all).to.be.within(18, latchkey.store.commitsTogether ? 18 : 19)
  })

  it('does so for a wrong answer, too, which changes nothing and shows the page again', async () => {
    const { person, page } = await begun()
    const fields = { email: ada.email, password: 'another one' }
    const { page: wrong, ...first } = await post(person, `${page.url}/password`, fields)
    expect(wrong.status).to.equal(401)
    expect(first).to.deep.equal({ ...once, writes: 0 })
    await post(person, `${page.url}/password`, { email: ada.email, password: ada.password })
    const { page: again, ...second } = await post(person, `${page.url}/totp`, { code: '000000' })
    expect(again.status).to.equal(401)
    expect(second).to.deep.equal({ ...once, writes: 0 })
  })

  it('reads nothing more of an account that does not exist', async () => {
    const { person, page } = await begun()
    const fields = { email: 'nobody@example.com', password: 'another one' }
    const { page: wrong, ...taken } = await post(person, `${page.url}/password`, fields)
    expect(wrong.status).to.equal(401)
    expect(taken).to.deep.equal({ ...once, writes: 0, credentials: 0 })
  })

  it('writes once where the question is asked by a message, and where another factor is taken up', async () => {
    const { person, page } = await begun()
    await post(person, `${page.url}/password`, { email: ada.email, password: ada.password })
    const { page: used, ...taken } = await post(person, `${page.url}/use`, { factor: 'email' })
    expect(used.status).to.equal(303)
    expect(taken).to.deep.equal(once)
    expect(await codeSentTo(latchkey, ada.email)).to.match(/^\d{6}$/)
  })

  it('writes once for what a sign-up enrols or passes over, and to begin', async () => {
    const person = { ...somebody(), browser: jar() }
    since()
    const page = await person.browser.get(`${latchkey.issuer}/sign-up`, { follow: false })
    expect(since()).to.deep.equal({ reads: 0, writes: 1, credentials: 0 })
    const base = page.location ?? ''
    await post(person, `${base}/email/begin`, { email: person.email })
    const code = await codeSentTo(latchkey, person.email)
    const { page: proved, ...email } = await post(person, `${base}/email`, { code })
    expect(proved.status).to.equal(303)
    expect(email).to.deep.equal({ reads: 1, writes: 1, credentials: 0 })
    const { page: chosen, ...password } = await post(person, `${base}/password`, { password: person.password })
    expect(chosen.status).to.equal(303)
    expect(password).to.deep.equal({ reads: 1, writes: 1, credentials: 0 })
  })
})
