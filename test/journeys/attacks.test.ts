import Router from '@koa/router'
import { expect } from 'chai'
import { jar, type Page } from '../support/jar.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { authenticatorCode, codeSentTo, type Person } from '../support/people.ts'
import { type Security, securityAt } from '../support/security.ts'

/** Every path that takes a post, as routes declare them. */
async function posts(start: () => Promise<void>): Promise<string[]> {
  const found = new Set<string>()
  const { register } = Router.prototype
  Router.prototype.register = function noting(...told: Parameters<typeof register>) {
    const [path, methods] = told
    if (methods.some(each => each.toUpperCase() === 'POST')) for (const each of [path].flat()) found.add(String(each))
    return register.apply(this, told)
  }
  try {
    await start()
  } finally {
    Router.prototype.register = register
  }
  return [...found]
}

describe('an attack', () => {
  let latchkey: Running
  let at: Security
  let paths: string[]
  before(async () => {
    paths = await posts(async () => {
      latchkey = await startLatchkey()
    })
    at = securityAt(latchkey)
  })
  after(() => latchkey.stop())

  const halfway = async (owner: Person): Promise<[Person, Page]> => {
    const person = { ...owner, browser: jar() }
    const start = await at.open(person, '/sign-in')
    return [person, await start.submit({ email: owner.email, password: owner.password })]
  }

  it('by a form of another site is refused at every post that there is, in browsers old and new', async () => {
    const ada = await at.joined()
    const evil = 'https://evil.example'
    const sent = [
      { 'sec-fetch-site': 'cross-site', origin: evil },
      { 'sec-fetch-site': 'same-site', origin: 'http://other.localhost' },
      { origin: evil },
      { origin: 'null' },
    ]
    expect(paths).to.have.length.above(30)
    expect(paths).to.include.members(['/sign-out', '/account/close', '/account/security/remove', '/keep/:bearer'])
    for (const path of paths)
      for (const headers of sent) {
        const url = latchkey.issuer + path.replaceAll(/:\w+/g, 'x')
        const answer = await ada.browser.fetch(url, {
          method: 'POST',
          headers: { ...headers, accept: 'application/json' },
        })
        expect(answer.status, path).to.equal(403)
        expect(((await answer.json()) as { error: string }).error, path).to.equal('cross_origin')
      }
    expect(await at.isIn(ada)).to.equal(true)
  })

  it('by a form that signs out at the protocol’s own endpoint is refused without its secret', async () => {
    const ada = await at.joined()
    for (const path of ['/end-session/confirm', '/end-session'])
      await ada.browser.post(`${latchkey.issuer}${path}`, { logout: 'yes' }, { from: 'https://evil.example' })
    expect(await at.isIn(ada)).to.equal(true)
  })

  it('by guesses at codes, side by side over many sign-ins, is cut short for all of them together', async () => {
    const ada = await at.joined()
    const pages: [Person, Page][] = []
    for (let each = 0; each < 6; each++) pages.push(await halfway(ada))
    const guesses = pages.flatMap(([, page]) => [1, 2, 3, 4, 5].map(digit => page.submit({ code: `00000${digit}` })))
    const statuses = (await Promise.all(guesses)).map(each => each.status)
    // Of thirty guesses, no more were looked at than one address has for one account.
    expect(statuses.filter(each => each === 401)).to.have.length.at.most(8)
    expect(statuses.filter(each => each === 429)).to.have.length.above(10)
    // Nor is the right code looked at now, whichever sign-in it is shown to.
    const code = authenticatorCode(latchkey, ada)
    const right = await Promise.all(pages.map(([, page]) => page.submit({ code })))
    expect(right.filter(each => each.status === 200)).to.deep.equal([])
    // The owner gets in on a device that the account knows.
    await (await at.open(ada, '/account')).submit({}, 'Sign out')
    const own = await (await at.open(ada, '/sign-in')).submit({ email: ada.email, password: ada.password })
    expect((await own.submit({ code: authenticatorCode(latchkey, ada) })).url).to.equal(`${latchkey.issuer}/account`)
  })

  it('by a code of one sign-in in another is refused', async () => {
    const ada = await at.joined('sms')
    const begun = async () => {
      latchkey.clock.pass(31_000)
      const [, page] = await halfway(ada)
      return [page, await codeSentTo(latchkey, ada.phone)] as const
    }
    const [one, forOne] = await begun()
    const [other, forOther] = await begun()
    expect(forOne).to.not.equal(forOther)
    expect((await one.submit({ code: forOther })).status).to.equal(401)
    expect((await other.submit({ code: forOne })).status).to.equal(401)
    expect((await one.submit({ code: forOne })).url).to.equal(`${latchkey.issuer}/account`)
  })
})
