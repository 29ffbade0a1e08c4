import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { webhooks } from '../../src/feeds/webhooks.ts'
import { signUp, somebody } from '../support/people.ts'
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

  recipe('webhook-python', { kind: 'pip', start }, async ({ latchkey, url, output }) => {
    const address = `${url}/events`
    const { now } = latchkey.clock
    await webhooks({ store: latchkey.store, now }).add(address, ['session.*'])
    const person = somebody()
    await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`), 'sms')
    const arrived = () => / session\.started \{"account": "/.test(output())
    for (let tries = 0; tries < 400 && !arrived(); tries += 1) await wait(50)
    expect(arrived(), output()).to.equal(true)
    const input =
      'sig=("@method" "@target-uri" "content-digest");created=1;keyid="x";alg="ed25519";tag="latchkey-webhook"'
    for (const headers of [{}, { 'Signature-Input': input, Signature: 'sig=:AAAA:' }])
      expect((await fetch(address, { method: 'POST', headers, body: '{}' })).status).to.equal(401)
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
