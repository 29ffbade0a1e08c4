import { expect } from 'chai'
import { declared, type Ground, ground } from '../conformance/ground.ts'
import type { Person } from '../support/people.ts'

describe('somebody’s profile', () => {
  let latchkey: Ground
  let ada: Person
  before(async () => {
    latchkey = await ground({
      clients: [
        declared('shop'),
        declared('looks', { id_token_claims: ['name', 'email', 'phone_number', 'zoneinfo'] }),
      ],
    })
    ada = await latchkey.person()
  })
  after(() => latchkey.stop())

  const url = () => `${latchkey.issuer}/account/profile`
  const save = async (fields: Record<string, string>) =>
    (await ada.browser.get(url())).submit(
      { name: '', username: '', zone: '', ...fields },
      { action: '/account/profile' },
    )
  const userinfo = async (scope = 'openid profile') => {
    const { body } = await latchkey.tokens('shop', ada.browser, { scope })
    return (await latchkey.get('userinfo', { authorization: `Bearer ${body.access_token}` })).body
  }

  it('is empty at first, and then tells apps nothing of it', async () => {
    const told = await userinfo()
    expect(told).to.not.have.any.keys('name', 'preferred_username', 'zoneinfo')
    expect(told).to.include({ locale: 'en' })
  })

  it('is told to apps that may see it, and to no others', async () => {
    const before = (await userinfo()).updated_at
    latchkey.latchkey.clock.pass(5_000)
    const page = await save({ name: '  Ada  Lovelace ', username: 'ada.l', zone: 'Europe/Vienna', language: 'de' })
    expect(page.find('[role=status]')?.text).to.match(/saved|gespeichert/)
    const told = await userinfo()
    expect(told).to.include({
      name: 'Ada Lovelace',
      preferred_username: 'ada.l',
      zoneinfo: 'Europe/Vienna',
      locale: 'de',
    })
    expect(Number(told.updated_at)).to.be.greaterThan(Number(before))
    expect(await userinfo('openid email')).to.not.have.any.keys('name', 'preferred_username', 'zoneinfo', 'locale')
    await save({ language: 'en' })
    expect(await userinfo()).to.not.have.any.keys('name', 'preferred_username', 'zoneinfo')
  })

  const wrong: readonly [string, Record<string, string>, string][] = [
    ['a name that turns the text', { name: 'Ada\u202eecalevoL' }, 'name'],
    ['a name of two alphabets in a word', { name: '\u0410da' }, 'name'],
    ['a name that is too long', { name: 'x'.repeat(81) }, 'name'],
    ['an address for a user name', { username: 'bank@example.com' }, 'username'],
    ['a user name with a blank', { username: 'ada l' }, 'username'],
    ['a user name of marks', { username: '<script>' }, 'username'],
    ['a language that there is not', { language: 'xx' }, 'language'],
    ['a language of every object', { language: 'constructor' }, 'language'],
    ['a time zone that there is not', { zone: 'Europe/Atlantis' }, 'zone'],
  ]
  for (const [what, fields, field] of wrong)
    it(`refuses ${what}, beside its field, and loses nothing typed`, async () => {
      const sent = { name: 'Ada', username: 'ada', language: 'en', zone: 'UTC', ...fields }
      const page = await ada.browser.post(url(), sent)
      expect(page.status).to.equal(422)
      expect(page.find(`#${field}-error`)?.text).to.not.equal(undefined)
      if (field !== 'name') expect(page.find('#name')?.attributes.value).to.equal('Ada')
      if (field === 'name' || field === 'username')
        expect(page.find(`#${field}`)?.attributes.value).to.equal(fields[field])
      expect(await userinfo()).to.not.have.any.keys('name', 'preferred_username', 'zoneinfo')
    })

  it('is in ID tokens of clients whose entry says so, as far as their scopes open it', async () => {
    await save({ name: 'Ada Lovelace', zone: 'UTC', language: 'en' })
    const idToken = async (app: string, scope: string, more = {}) => {
      const { body } = await latchkey.tokens(app, ada.browser, { scope, ...more })
      const claims = await latchkey.verified(body.id_token)
      const form = { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
      const again = await latchkey.verified((await latchkey.token(app, form)).body.id_token)
      for (const name of ['name', 'email', 'zoneinfo']) expect(again[name], `${name}, refreshed`).to.equal(claims[name])
      return claims
    }
    expect(await idToken('shop', 'openid profile email')).to.not.have.any.keys('name', 'email', 'zoneinfo')
    const all = await idToken('looks', 'openid profile email')
    expect(all).to.include({ name: 'Ada Lovelace', zoneinfo: 'UTC', email: ada.email })
    expect(all).to.not.have.any.keys('phone_number', 'locale')
    expect(await idToken('looks', 'openid profile'))
      .to.include({ name: 'Ada Lovelace' })
      .and.not.have.property('email')
    const asked = { claims: JSON.stringify({ id_token: { auth_time: null }, userinfo: { email: null } }) }
    expect(await idToken('looks', 'openid profile', asked)).to.include({ name: 'Ada Lovelace' })
  })

  it('is only its owner’s to see and to change', async () => {
    const answer = await fetch(url(), { method: 'POST', redirect: 'manual', body: new URLSearchParams({ name: 'x' }) })
    expect(answer.status).to.be.oneOf([401, 403])
    const read = await fetch(url(), { redirect: 'manual' })
    expect(read.headers.get('location')).to.include('/sign-in?next=')
  })

  it('is changed sixty times an hour at most, so that nobody fills the log with it', async () => {
    const bob = await latchkey.person()
    const post = async () =>
      (await bob.browser.post(url(), { name: 'Bob', username: '', zone: '', language: 'en' })).status
    const all: number[] = []
    for (let each = 0; each < 61; each++) all.push(await post())
    expect(all.filter(status => status === 429)).to.have.length(1)
    latchkey.latchkey.clock.pass(3_600_000)
    expect(await post()).to.equal(200)
  })
})
