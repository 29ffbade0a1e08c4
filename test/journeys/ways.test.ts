import { expect } from 'chai'
import { startSuite } from '../support/all-apps.ts'
import { whileTesting } from '../support/latchkey.ts'
import { signUp, somebody } from '../support/people.ts'

describe('from the account', () => {
  const latchkey = whileTesting(startSuite)

  it('links lead to every page of it; each page says where it is and can sign out, and no link is broken', async () => {
    const person = somebody()
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    const seen = new Map<string, string[]>()
    const left = ['/account']
    for (let path = left.pop(); path !== undefined; path = left.pop()) {
      if (seen.has(path)) continue
      const page = await person.browser.get(`${latchkey.issuer}${path}`)
      expect(page.status, path).to.equal(200)
      if (path.startsWith('/account')) expect(page.all('form[action="/sign-out"]'), path).to.have.lengthOf(1)
      seen.set(
        path,
        page.all('nav [aria-current]').map(({ text }) => text),
      )
      const targets = page.links.map(({ href }) => new URL(href, page.url))
      const pages = targets.filter(({ origin, pathname }) => origin === latchkey.issuer && !pathname.includes('.'))
      left.push(...pages.map(({ pathname }) => pathname))
    }
    const places = [...seen].filter(([path]) => path.startsWith('/account')).map(([path, [place]]) => [path, place])
    expect(Object.fromEntries(places)).to.deep.equal({
      '/account': 'Overview',
      '/account/security': 'Security',
      '/account/security/restrictions': 'Security',
      '/account/sessions': 'Sessions',
      '/account/apps': 'Apps',
      '/account/api-keys': 'API keys',
      '/account/activity': 'Activity',
      '/account/approvals': 'Overview',
      '/account/data': 'Overview',
      '/account/profile': 'Overview',
      '/account/close': 'Overview',
    })
    expect([...seen.keys()]).to.include.members(['/device', '/help'])
  })
})
