import { expect } from 'chai'
import type { Person } from '../support/people.ts'
import { api, callback, declared, type Ground, ground, type Parameters, read } from './ground.ts'
import { type Hearing, hearing } from './hearing.ts'

describe('pairwise subjects (OpenID Connect Core 1.0, 8)', () => {
  let here: Ground
  let person: Person
  let app: Hearing
  before(async () => {
    app = await hearing()
    here = await ground({
      clients: [
        declared('desk'),
        declared('one', { subject_type: 'pairwise', backchannel_logout_uri: app.url }),
        declared('two', { subject_type: 'pairwise' }),
        declared('three', {
          subject_type: 'pairwise',
          redirect_uris: [callback('three'), 'https://one.example/three'],
          sector_identifier_uri: 'https://one.example/sector.json',
        }),
      ],
    })
    person = await here.person()
  })
  after(async () => {
    app.close()
    await here.stop()
  })

  const userinfo = (token: unknown) => here.get('userinfo', { authorization: `Bearer ${token}` })
  const introspect = async (app: string, token: unknown) =>
    here.post('introspection', { ...(await here.proof(app)), token: String(token) })
  const refresh = async (app: string, token: unknown, more: Parameters = {}) =>
    here.token(app, { grant_type: 'refresh_token', refresh_token: String(token), ...more })
  const subjectAt = async (app: string) => String(read((await here.tokens(app, person.browser)).body.id_token).sub)

  it('are stable for each sector, and reveal nothing of other sectors', async () => {
    const [one, two, three, plain] = [
      await subjectAt('one'),
      await subjectAt('two'),
      await subjectAt('three'),
      await subjectAt('desk'),
    ]
    expect(new Set([one, two, plain]).size).to.equal(3)
    expect(three).to.equal(one)
    expect(await subjectAt('one')).to.equal(one)
  })

  it('are the same wherever an app is told about a person', async () => {
    const { body } = await here.tokens('one', person.browser)
    const sub = read(body.id_token).sub
    expect((await userinfo(body.access_token)).body.sub).to.equal(sub)
    for (const token of [body.access_token, body.refresh_token])
      expect((await introspect('one', token)).body.sub).to.equal(sub)
    const { body: bound } = await here.tokens('one', person.browser, { resource: api, scope: 'openid read' })
    expect(read(bound.access_token).sub).to.equal(sub)
    expect(read((await refresh('one', body.refresh_token)).body.id_token).sub).to.equal(sub)
  })

  it('are in logout tokens', async () => {
    const somebody = await here.person()
    const { body } = await here.tokens('one', somebody.browser)
    const { sub } = read(body.id_token)
    const asked = await somebody.browser.get(`${here.metadata.end_session_endpoint}?id_token_hint=${body.id_token}`)
    await asked.submit({}, 'Sign out')
    expect((await here.verified(await app.heard())).sub).to.equal(sub)
  })

  it('come with a sid only for apps that need it for logout, or ask for it', async () => {
    const tokens = async (app: string, more: Parameters = {}) => (await here.tokens(app, person.browser, more)).body
    const hears = await tokens('one')
    expect(read(hears.id_token).sid).to.be.a('string')
    expect(read((await refresh('one', hears.refresh_token)).body.id_token).sid).to.equal(read(hears.id_token).sid)
    const other = await tokens('desk')
    expect(read(other.id_token)).to.not.have.property('sid')
    expect(read((await refresh('desk', other.refresh_token)).body.id_token)).to.not.have.property('sid')
    const claims = JSON.stringify({ id_token: { sid: null } })
    expect(read((await tokens('desk', { claims })).id_token).sid).to.be.a('string')
    // An API asks another on its person's behalf only while the session lives.
    const bound = await tokens('desk', { resource: api, scope: 'openid read' })
    expect(read(bound.access_token).sid).to.be.a('string')
    expect(read(bound.id_token)).to.not.have.property('sid')
  })

  it('are accepted as a hint', async () => {
    const { body } = await here.tokens('one', person.browser)
    const { told } = await here.ask('one', person.browser, { id_token_hint: String(body.id_token), prompt: 'none' })
    expect(told.get('code')).to.be.a('string')
    const named = JSON.stringify({ id_token: { sub: { value: read(body.id_token).sub } } })
    expect((await here.ask('one', person.browser, { claims: named, prompt: 'none' })).told.get('code')).to.be.a(
      'string',
    )
  })
})
