import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { recipe } from './recipe.ts'
import { join, leave, walk } from './walks.ts'

describe('apps in Java', () => {
  const start = ['java', '-cp', 'target/classes:target/dependency/*', 'App']

  recipe('nimbus', { kind: 'maven', start }, walk)

  recipe('spring-security', { kind: 'maven', start: ['java', '-jar', 'target/app.jar'] }, async app => {
    const login = `${app.url}/oauth2/authorization/latchkey`
    const { person, page } = await join(app, ({ browser }) => browser.get(login))
    expect(page.text).to.contain(person.email)
    await leave(app, person, await page.submit({}, 'Log out'))
    expect((await person.browser.get(`${app.url}/`)).text).to.equal('Log in')

    // Whoever signs out at Latchkey is signed out here.
    const other = await join(app, ({ browser }) => browser.get(login))
    expect((await other.person.browser.get(`${app.url}/`)).text).to.contain(other.person.email)
    const account = await other.person.browser.get(`${app.latchkey.issuer}/account`)
    const asked = await account.submit({}, 'Sign out')
    if (asked.h1 === 'Sign out?') await asked.submit({}, 'Sign out')
    for (let tries = 0; tries < 50; tries += 1) {
      if ((await other.person.browser.get(`${app.url}/`)).text === 'Log in') return
      await wait(200)
    }
    expect.fail('still signed in at the app')
  })
})
