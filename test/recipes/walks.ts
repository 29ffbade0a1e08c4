import { expect } from 'chai'
import type { Page } from '../support/jar.ts'
import { type Person, signUp, somebody } from '../support/people.ts'
import type { App } from './recipe.ts'

/** Signs somebody up on the way from the app to the app: `begin` takes the browser to Latchkey. */
export async function join(
  { latchkey, url }: App,
  begin: (person: Person) => Promise<Page> = person => person.browser.get(`${url}/login`),
): Promise<{ person: Person; page: Page }> {
  const person = somebody()
  const asked = await begin(person)
  expect(asked.url, asked.text).to.match(new RegExp(`^${latchkey.issuer}/`))
  // By text, so that nobody's clock has to move.
  const page = await signUp(latchkey, person, await asked.follow('Create an account'), 'sms')
  return { person, page }
}

/** Signs out from the app on, and expects to be back there with no session anywhere. */
export async function leave({ latchkey, url }: App, { browser }: Person, asked: Page, back = `${url}/`): Promise<Page> {
  // An app that shows its ID token and names where to go back to is not asked about.
  const page = asked.h1 === 'Sign out?' ? await asked.submit({}, 'Sign out') : asked
  expect(page.url).to.equal(back)
  expect((await browser.get(`${latchkey.issuer}/account`)).url).to.contain('/sign-in')
  return page
}

/** The whole way of an app whose `/` tells who is signed in, as JSON or in words. */
export async function walk(app: App, { refresh = true, logout = '/logout' } = {}): Promise<void> {
  const { person, page } = await join(app)
  expect(page.url, page.text).to.equal(`${app.url}/`)
  expect(page.html).to.contain(person.email)
  if (refresh) {
    const answer = await person.browser.post(`${app.url}/refresh`)
    expect(answer.status, answer.text).to.equal(200)
    expect(answer.html).to.match(/"expires_in":\d+/)
  }
  await leave(app, person, await person.browser.get(`${app.url}${logout}`))
  expect((await person.browser.get(`${app.url}/`)).html).to.not.contain(person.email)
}

/** An API's whole way: a token of it, no token, a token of another API, an ID token's type, and a scope that is lacking. */
export async function guardedWalk({ latchkey, url, client, read }: App): Promise<void> {
  const token = async ({ client_id, client_secret }: App['client'], scope = 'read') => {
    const answer = await fetch(`${latchkey.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
    })
    return ((await answer.json()) as { access_token: string }).access_token
  }
  const call = async (bearer?: string, method = 'GET') => {
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
    const answer = await fetch(url, { method, headers })
    return [answer.status, answer.headers.get('www-authenticate') ?? (await answer.text())] as [number, string]
  }
  const good = await token(client)
  expect(await call(good)).to.deep.equal([200, JSON.stringify({ caller: client.client_id })])
  expect((await call())[0]).to.equal(401)
  expect((await call())[1]).to.match(/^Bearer/)
  const [status, challenge] = await call(good, 'POST')
  expect([status, challenge]).to.deep.equal([403, challenge.includes('insufficient_scope') && challenge])
  const other = read<App['client']>(client.client_id.startsWith('koa') ? 'express' : 'koa', 'client.json')
  expect((await call(await token(other ?? client)))[0]).to.equal(401)
  const forged = `${good.slice(0, -6)}${good.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`
  expect((await call(forged))[0]).to.equal(401)
  latchkey.keepOut(good)
}
