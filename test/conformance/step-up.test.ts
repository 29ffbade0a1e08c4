import { expect } from 'chai'
import { guard as guardOf } from '../../examples/resource-server/guard.ts'
import { approve, withdrawal } from '../support/approvals.ts'
import { type Authenticator, authenticator } from '../support/authenticator.ts'
import type { Person } from '../support/people.ts'
import { callback, declared, ended, read, secretOf, verifier } from './ground.ts'
import { dpop, type Pair, pair } from './proving.ts'
import { challenges, type Served, served } from './served.ts'

describe('Step Up Authentication (RFC 9470)', () => {
  let here: Served
  let ada: Person
  let device: Authenticator
  let key: Pair
  before(async () => {
    here = await served([declared('desk')])
    device = authenticator()
    ada = await here.person(device)
    key = await pair()
  })
  after(() => here.stop())

  const small = { asset: 'BTC', amount: '0.005', address: withdrawal.address }
  const ask = { scope: 'openid read transfer' }
  const send = (token: unknown, sent: object = small) =>
    here.call('/api/withdrawals', { authorization: `Bearer ${token}` }, sent)
  const token = async (more: Record<string, string> = {}) => {
    const asked = { ...ask, resource: here.resource, ...more }
    const { page } = await here.ask('desk', ada.browser, asked)
    const end = page.url.includes('/sign-in/')
      ? ended(await approve(ada, page, device), here.issuer)
      : ended(page, here.issuer)
    const form = { grant_type: 'authorization_code', code: end.told.get('code') ?? '', redirect_uri: callback('desk') }
    return (await here.token('desk', { ...form, code_verifier: verifier, resource: here.resource })).body.access_token
  }

  it('3: answers 401 and insufficient_user_authentication, with the acr that is required', async () => {
    const weak = await token()
    expect(read(weak).acr).to.equal('aal2')
    const answer = await send(weak)
    expect(answer.status).to.equal(401)
    expect(challenges(answer).Bearer).to.deep.include({
      error: 'insufficient_user_authentication',
      acr_values: 'phr',
      max_age: '300',
    })
    expect((await here.call('/api/withdrawals', { authorization: `Bearer ${weak}` })).status).to.equal(200)
  })

  it('4, 6.1: issues a token that is sufficient when the app asks for that acr', async () => {
    const strong = await token({ acr_values: 'phr', max_age: '300' })
    expect(read(strong)).to.include({ acr: 'phr' })
    expect((await send(strong)).status).to.equal(201)
  })

  it('3, 4: asks again after a sign-in that was sufficient, but too long ago', async () => {
    const client = { id: 'wallet-api', secret: secretOf('wallet-api') }
    const now = () => Date.now() + 120_000
    const guard = guardOf({ issuer: here.issuer, client, audience: here.resource, origin: here.origin, now })
    const headers = { authorization: `Bearer ${await token({ acr_values: 'phr' })}` }
    const received = { method: 'GET', target: '/', headers, body: new Uint8Array(), peer: '::1' }
    const need = { scope: 'read', acr: 'phr' } as const
    expect(await guard(received, { ...need, maxAge: 300 })).to.have.property('account')
    const stale = await guard(received, { ...need, maxAge: 60 }).catch(fault => fault)
    expect([stale.status, stale.body.error]).to.deep.equal([401, 'insufficient_user_authentication'])
    expect(stale.headers['WWW-Authenticate']).to.include('acr_values="phr", max_age="60"')
  })

  it('5: answers the app with an error when it cannot be done without a page', async () => {
    const person = await here.person()
    const { told } = await here.ask('desk', person.browser, { ...ask, acr_values: 'phr', prompt: 'none' })
    expect(told.get('error')).to.equal('login_required')
  })

  it('and RFC 9396: names what has to be approved, and does only that, once', async () => {
    const strong = await token({ acr_values: 'phr', max_age: '300' })
    const large = await send(strong, { ...small, amount: '0.5' })
    expect([large.status, large.body.error]).to.deep.equal([403, 'approval_required'])
    expect(large.body.authorization_details).to.deep.equal([withdrawal])

    const request = here.request('desk', { resource: here.resource })
    request.set('authorization_details', JSON.stringify(large.body.authorization_details))
    request.set('client_secret', secretOf('desk'))
    const pushed = await here.post('pushed_authorization_request', request)
    const query = new URLSearchParams({ client_id: 'desk', request_uri: String(pushed.body.request_uri) })
    let page = await ada.browser.get(`${here.metadata.authorization_endpoint}?${query}`)
    page = await approve(ada, page, device)
    const form = { grant_type: 'authorization_code', redirect_uri: callback('desk'), code_verifier: verifier }
    const code = ended(page, here.issuer).told.get('code') ?? ''
    const proof = await dpop(key, { htu: String(here.metadata.token_endpoint) })
    const { body } = await here.token('desk', { ...form, code, resource: here.resource }, { dpop: proof })
    expect(body.token_type).to.equal('DPoP')
    const approved = String(body.access_token)

    // It is valid for nothing else, and introspection there does not use it up.
    expect((await send(approved)).status).to.equal(401)
    const at = '/api/withdrawals/approved'
    const shown = (by: Pair) => dpop(by, { htu: here.origin + at, token: approved })
    expect((await here.call(at, { authorization: `Bearer ${strong}` }, {})).status).to.equal(401)
    expect((await here.call(at, { authorization: `DPoP ${approved}` }, {})).status).to.equal(401)
    const ten = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const headers = { authorization: `DPoP ${approved}`, dpop: await shown(key) }
        // Parameters that the app sends along are ignored.
        return here.call(at, headers, { ...withdrawal, amount: '50' })
      }),
    )
    const done = ten.filter(each => each.status === 201)
    expect(done).to.have.length(1)
    expect(done[0]?.body).to.include({ amount: '0.5', address: withdrawal.address })
    expect(ten.filter(each => each.status === 401)).to.have.length(9)
    const { body: list } = await here.call('/api/withdrawals', { authorization: `Bearer ${strong}` })
    expect((list.withdrawals as { amount: string }[]).filter(each => each.amount === '0.5')).to.have.length(1)
  })
})
