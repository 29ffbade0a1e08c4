import { expect } from 'chai'
import type { Person } from '../support/people.ts'
import { api, declared, type Ground, ground, read } from './ground.ts'

const hours = 3_600_000

describe('lifetimes of tokens', () => {
  let here: Ground
  let person: Person
  before(async () => {
    here = await ground({
      clients: [
        declared('desk'),
        declared('brief', { access_token_ttl: 60, id_token_ttl: 120, refresh_token_ttl: 600, refresh_token_max: 900 }),
      ],
    })
    person = await here.person()
  })
  after(() => here.stop())

  const refresh = async (app: string, token: unknown, at = here) =>
    at.token(app, { grant_type: 'refresh_token', refresh_token: String(token) })

  it('are what the app’s entry says', async () => {
    const { body } = await here.tokens('brief', person.browser, { resource: api, scope: 'openid read' })
    const [access, id] = [read(body.access_token), read(body.id_token)]
    expect(body.expires_in).to.equal(60)
    expect(Number(access.exp) - Number(access.iat)).to.equal(60)
    expect(Number(id.exp) - Number(id.iat)).to.equal(120)
  })

  it('let an app refresh while it is in use, up to a maximum', async () => {
    let { body } = await here.tokens('brief', person.browser)
    for (const _ of [1, 2]) {
      here.latchkey.clock.pass(400_000)
      const next = await refresh('brief', body.refresh_token)
      expect(next.status).to.equal(200)
      body = next.body
    }
    here.latchkey.clock.pass(110_000)
    expect((await refresh('brief', body.refresh_token)).body.error).to.equal('invalid_grant')
  })

  it('end when they are not used', async () => {
    const { body } = await here.tokens('brief', person.browser)
    here.latchkey.clock.pass(601_000)
    expect((await refresh('brief', body.refresh_token)).body.error).to.equal('invalid_grant')
  })

  it('end for every app when the operator says so', async () => {
    const strict = await ground({ clients: [declared('desk')], environment: { LATCHKEY_REFRESH_MAX: '1' } })
    let { body } = await strict.tokens('desk', (await strict.person()).browser)
    strict.latchkey.clock.pass(20 * hours)
    const next = await refresh('desk', body.refresh_token, strict)
    expect(next.status).to.equal(200)
    body = next.body
    strict.latchkey.clock.pass(5 * hours)
    expect((await refresh('desk', body.refresh_token, strict)).body.error).to.equal('invalid_grant')
    await strict.stop()
  })
})
