import { Validator } from '@seriousme/openapi-schema-validator'
import { expect } from 'chai'
import { type AdminScope, adminScopes, roleNames, roleScopes } from '../../src/accounts/role.ts'
import { adminApiServed, type Member, manyServices } from '../support/admin-api.ts'

type Listed = Record<'id' | 'method' | 'path', string> & { scope: AdminScope }

describe('the admin API', () => {
  let here: Awaited<ReturnType<typeof adminApiServed>>
  let ada: Member
  let listed: Listed[]
  before(async () => {
    here = await adminApiServed(manyServices)
    ada = await here.member('admin')
    const { paths } = (await here.ask(undefined, 'GET', '/openapi.json')).body
    listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, { operationId: string; security: { oauth: AdminScope[] }[] }>).map(
        ([method, { operationId: id, security }]) => ({
          ...{ id, method: method.toUpperCase(), path, scope: security[0]?.oauth[0] as AdminScope },
        }),
      ),
    )
  })
  after(() => here.stop())

  /** Asks for an operation without what it needs: whether somebody may is decided before that. */
  const attempt = (token: string | undefined, { method, path }: Listed) =>
    here.ask(token, method, path.replace(/\{\w+\}/g, 'nothing'), method === 'POST' ? { body: {} } : {})
  const passed = [200, 404, 422]

  it('publishes an OpenAPI 3.1 document that is valid, and lists every operation', async () => {
    const { body, headers } = await here.ask(undefined, 'GET', '/openapi.json')
    expect(headers.get('content-type')).to.match(/^application\/json/)
    const { valid, errors } = await new Validator().validate(structuredClone(body))
    expect(errors ?? []).to.deep.equal([])
    expect(valid).to.equal(true)
    expect(body.openapi).to.equal('3.1.0')
    expect(listed.map(({ id }) => id)).to.include.members(['people.search', 'apps.create', 'roles.give'])
    expect(new Set(listed.map(({ id }) => id)).size).to.equal(listed.length)
    for (const each of listed) expect(adminScopes, each.id).to.include(each.scope)
  })

  for (const role of [undefined, ...roleNames])
    it(`lets staff do what their role says, and their token's scope: ${role ?? 'no role'}`, async () => {
      await here.setRole(ada, role)
      const token = await here.asMember(ada)
      const may = role ? roleScopes[role] : []
      for (const each of listed) {
        const { status, body } = await attempt(token, each)
        if (may.includes(each.scope)) expect(passed, `${each.id} ${JSON.stringify(body)}`).to.include(status)
        else expect([status, body.code], each.id).to.deep.equal([403, 'not_permitted'])
      }
      await here.setRole(ada, 'admin')
    })

  it('gives no one of the staff more than their token was given', async () => {
    const token = await here.asMember(ada, { scopes: ['admin:people.read'] })
    for (const each of listed) {
      const { status, body, headers } = await attempt(token, each)
      if (each.scope === 'admin:people.read') expect(passed, each.id).to.include(status)
      else {
        expect([status, body.code], each.id).to.deep.equal([403, 'insufficient_scope'])
        expect(headers.get('www-authenticate')).to.include(`error="insufficient_scope", scope="${each.scope}"`)
      }
    }
  })

  it('lets an admin make no app that may do more than their token was given', async () => {
    const token = await here.asMember(ada, { scopes: ['admin:apps.write', 'admin:people.read'] })
    const make = async (client_id: string, scope: AdminScope) => {
      const body = { template: 'service', client_id, client_name: 'Night', reason: 'Ticket 4711' }
      return here.ask(token, 'POST', '/apps', { body: { ...body, apis: { [here.resource]: [scope] } } })
    }
    expect((await make('night-more', 'admin:roles.write')).body.code).to.equal('not_permitted')
    expect((await make('night-same', 'admin:people.read')).status).to.equal(200)
  })

  it('lets services do what their token was given, and nothing else', async () => {
    for (const [at, scope] of [...new Set(listed.map(each => each.scope))].entries()) {
      const token = await here.asService(`service-${at}`, [scope])
      for (const each of listed) {
        const { status, body } = await attempt(token, each)
        if (each.scope === scope) expect(passed, `${each.id} ${JSON.stringify(body)}`).to.include(status)
        else expect([status, body.code], each.id).to.deep.equal([403, 'insufficient_scope'])
      }
    }
  })

  it('answers whoever shows no token, or none of ours for it, with 401 and why', async () => {
    const people = (token: string | undefined) => here.ask(token, 'GET', '/people')
    const bare = await people(undefined)
    expect([bare.status, bare.body.code]).to.deep.equal([401, 'token_needed'])
    expect(bare.headers.get('www-authenticate')).to.equal(`Bearer realm="${here.issuer}", scope="admin:people.read"`)
    const good = await here.asService('robot')
    const [head, body, signature] = good.split('.') as [string, string, string]
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
    const forged = (more: object) => Buffer.from(JSON.stringify({ ...claims, ...more })).toString('base64url')
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    const wrong = {
      'no token': 'x',
      'a forged one': `${head}.${forged({ scope: 'admin:roles.write' })}.${signature}`,
      'an unsigned one': `${none}.${body}.`,
      'one for another API': await here.asService('robot', [], { resource: here.other, scope: 'read' }),
      'one of a person for another API': await here.asMember(ada, { scopes: ['read'], resource: here.other }),
    }
    for (const [what, token] of Object.entries(wrong)) {
      const { status, body: told, headers } = await people(token)
      expect([status, told.code], what).to.deep.equal([401, 'invalid_token'])
      expect(headers.get('www-authenticate')).to.include('error="invalid_token"')
    }
    expect((await people(good)).status).to.equal(200)
  })

  it('takes no token of another issuer, whatever it says', async () => {
    const elsewhere = await adminApiServed()
    try {
      const token = await elsewhere.asService('robot')
      expect((await elsewhere.ask(token, 'GET', '/people')).status).to.equal(200)
      expect((await here.ask(token, 'GET', '/people')).body.code).to.equal('invalid_token')
    } finally {
      await elsewhere.stop()
    }
  })

  it('wants a passkey of the staff, and a fresh one for changes', async () => {
    const eve = await here.member('admin')
    const person = await here.at.joined('totp')
    const weakling = { ...(await here.staffOf(person, 'admin')), device: eve.device }
    const refused = await here.ask(await here.asMember(weakling, { acr: '' }), 'GET', '/people')
    expect([refused.status, refused.body.code]).to.deep.equal([401, 'insufficient_user_authentication'])
    const strong = await here.asMember(eve)
    expect((await here.ask(strong, 'GET', '/people')).status).to.equal(200)
    const made = { body: { template: 'service', client_name: 'Fresh', reason: 'Test' } }
    here.latchkey.clock.pass(6 * 60_000)
    const stale = await here.ask(strong, 'POST', '/apps', made)
    expect([stale.status, stale.body.code]).to.deep.equal([401, 'insufficient_user_authentication'])
    expect(stale.headers.get('www-authenticate')).to.include('acr_values="phr", max_age="300"')
    expect((await here.ask(strong, 'GET', '/people')).status).to.equal(200)
  })

  it('takes a token of staff no longer once they have signed out, have no role or are locked', async () => {
    const bob = await here.member('viewer')
    const token = await here.asMember(bob)
    const people = () => here.ask(token, 'GET', '/people')
    expect((await people()).status).to.equal(200)
    await here.setRole(bob, undefined)
    expect((await people()).body.code).to.equal('not_permitted')
    await here.setRole(bob, 'viewer')
    await here.at.signOutEverywhere(bob.person)
    expect((await people()).body.code).to.equal('invalid_token')
  })

  it('takes a token of a service no longer once its client is gone, or may ask for less', async () => {
    const [robot, twin] = [await here.asService('robot'), await here.asService('twin')]
    await here.declareOnly('robot', 'desk', 'reader')
    expect((await here.ask(twin, 'GET', '/people')).body.code).to.equal('invalid_token')
    expect((await here.ask(robot, 'GET', '/people')).status).to.equal(200)
    await here.declareLess('robot', 'admin:apps.read')
    expect((await here.ask(robot, 'GET', '/people')).body.code).to.be.oneOf(['invalid_token', 'insufficient_scope'])
    await here.declareOnly('robot', 'twin', 'desk', 'reader')
  })

  it('lets a service propose what needs two of the staff, and confirm nothing', async () => {
    const [person, robot] = [await here.member(), await here.asService('robot')]
    const reason = { reason: 'They asked for it' }
    const made = await here.ask(robot, 'POST', `/people/${person.account}/close`, { body: reason })
    expect([made.status, Object.keys(made.body)]).to.deep.equal([200, ['proposal']])
    const confirm = `/proposals/${made.body.proposal}/confirm`
    for (const service of [robot, await here.asService('twin')]) {
      const answer = await here.ask(service, 'POST', confirm, { body: reason })
      expect([answer.status, answer.body.code]).to.deep.equal([403, 'not_permitted'])
    }
    const staff = await here.asMember(await here.member('security'))
    const status = async () => (await here.ask(robot, 'GET', `/people/${person.account}`)).body.status
    expect(await status()).to.equal('active')
    expect((await here.ask(staff, 'POST', confirm, { body: reason })).status).to.equal(200)
    expect(await status()).not.to.equal('active')
  })

  it('lets no one of the staff confirm by the API what they proposed by it', async () => {
    const person = await here.member()
    const staff = await here.asMember(await here.member('security'))
    const reason = { reason: 'They asked for it' }
    const made = await here.ask(staff, 'POST', `/people/${person.account}/close`, { body: reason })
    const again = await here.ask(staff, 'POST', `/proposals/${made.body.proposal}/confirm`, { body: reason })
    expect([again.status, again.body.code]).to.deep.equal([403, 'second_needed'])
  })

  it('writes refusals as problems, with a code that stays, and says which argument is wrong', async () => {
    const token = await here.asService('robot')
    const { status, headers, body } = await here.ask(token, 'POST', '/apps', {
      body: { template: 'web', client_name: 'News', redirect_uri: ['https://a.example/'], reason: 'x' },
    })
    expect(status).to.equal(422)
    expect(headers.get('content-type')).to.match(/^application\/problem\+json/)
    expect(headers.get('cache-control')).to.equal('no-store')
    expect(body).to.include({
      type: 'urn:latchkey:problem:invalid_argument',
      title: 'Unprocessable Entity',
      status: 422,
    })
    expect(body.request).to.equal(headers.get('x-request-id'))
    expect(body.errors).to.deep.equal([{ name: 'redirect_uri', detail: 'is not known' }])
    const uri = await here.ask(token, 'POST', '/apps', {
      body: { template: 'web', client_name: 'News', redirect_uris: ['http://a.example/'], reason: 'x' },
    })
    expect([uri.status, uri.body.code]).to.deep.equal([422, 'uri_not_https'])
    expect(uri.body.detail).to.include('http://a.example/')
    expect(uri.body.errors).to.deep.equal([{ name: 'redirect_uris', detail: 'uri_not_https' }])
  })

  const odd: [string, string, string, unknown, number, string][] = [
    ['a path that is not there', 'GET', '/nothing', undefined, 404, 'not_found'],
    ['a path that cannot be read', 'GET', '/people/%E0%A4%A', undefined, 404, 'not_found'],
    ['the wrong method', 'DELETE', '/apps', undefined, 405, 'method_not_allowed'],
    ['a body that is no JSON', 'POST', '/apps', '{', 400, 'malformed'],
    ['a body that is a list', 'POST', '/apps', [], 400, 'malformed'],
    [
      'an argument of the path in the body',
      'POST',
      '/apps/x/disable',
      { app: 'y', reason: 'x' },
      422,
      'invalid_argument',
    ],
    ['an argument twice', 'GET', '/people?query=a&query=b', undefined, 422, 'invalid_argument'],
    ['what could be a property of every object', 'POST', '/apps', '{"__proto__":{"reason":"x"}}', 400, 'malformed'],
    ['no reason', 'POST', '/apps/x/disable', { reason: ' ' }, 422, 'reason_needed'],
  ]
  for (const [what, method, path, body, status, code] of odd)
    it(`refuses ${what} as JSON`, async () => {
      const answer = await here.ask(await here.asService('robot'), method, path, { body })
      expect([answer.status, answer.body.code]).to.deep.equal([status, code])
    })

  it('believes no cookie: a browser that is signed in can do nothing without a token', async () => {
    expect((await ada.person.browser.get(`${here.resource}/people`)).status).to.equal(401)
  })

  it('slows down who asks too often, and says for how long', async () => {
    const token = await here.asService('reader', ['admin:people.read'])
    let answer = await here.ask(token, 'GET', '/people?query=nobody')
    for (let left = 610; left > 0 && answer.status === 200; left -= 10)
      for (const each of await Promise.all(Array.from({ length: 10 }, () => here.ask(token, 'GET', '/people?query=x'))))
        if (each.status !== 200) answer = each
    expect([answer.status, answer.body.code]).to.deep.equal([429, 'slow_down'])
    expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 60)
    expect((await here.ask(await here.asService('robot'), 'GET', '/people')).status).to.equal(200)
  })
})
