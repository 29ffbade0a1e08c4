import { expect } from 'chai'
import { recipe } from './recipe.ts'
import { join, leave, walk } from './walks.ts'

const start = ['python3', 'app.py']

describe('apps in Python', () => {
  recipe('authlib', { kind: 'pip', start }, walk)

  recipe('mozilla-django-oidc', { kind: 'pip', start }, async app => {
    const { person, page } = await join(app, ({ browser }) => browser.get(`${app.url}/oidc/authenticate/`))
    expect(page.url, page.text).to.equal(`${app.url}/`)
    expect(page.text).to.contain(person.email)
    await leave(app, person, await page.submit({}, 'Log out'))
    expect((await person.browser.get(`${app.url}/`)).text).to.equal('Log in')
  })

  recipe('social-auth', { kind: 'pip', start }, async app => {
    const { person, page } = await join(app, async ({ browser }) =>
      (await browser.get(`${app.url}/`)).submit({}, 'Log in'),
    )
    expect(page.url, page.text).to.equal(`${app.url}/`)
    expect(page.text).to.contain(person.email)
    expect((await page.submit({}, 'Refresh')).json()).to.deep.equal({ refreshed: true })
    await leave(app, person, await page.submit({}, 'Log out'))
    expect((await person.browser.get(`${app.url}/`)).text).to.equal('Log in')
  })
})
