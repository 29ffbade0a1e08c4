import { expect } from 'chai'
import { approve, payment, signedFor, withdrawal } from '../support/approvals.ts'
import { type Approver, bank, type Counter, counter, vault } from './approvals.ts'
import { ended, read } from './ground.ts'

describe('Rich Authorization Requests (RFC 9396)', () => {
  let here: Counter
  let ada: Approver
  before(async () => {
    here = await counter()
    ada = await here.approver()
  })
  after(() => here.stop())

  const refused = async (details: unknown, more: Record<string, string | undefined> = {}, app = 'shop') => {
    const { status, body } = await here.push(details, more, app)
    return [status, body.error]
  }
  const invalid = [400, 'invalid_authorization_details']

  it('10: lists the types in discovery', () => {
    expect(here.metadata.authorization_details_types_supported).to.deep.equal(['payment', 'withdrawal'])
  })

  it('2, 5: accepts one complete detail of a known type, without unknown members', async () => {
    for (const fine of [[withdrawal], [payment], [{ ...withdrawal, memo: 'Für Öl & Wärme, 東京 3' }]])
      expect((await here.push(fine)).status, JSON.stringify(fine)).to.equal(201)
    const { address: _, ...nowhere } = withdrawal
    const wrong: unknown[] = [
      '{',
      '"withdrawal"',
      { ...withdrawal },
      [withdrawal, payment],
      [nowhere],
      [{ ...withdrawal, type: 'gift' }],
      [{ ...withdrawal, locations: [bank] }],
      [{ ...withdrawal, __proto__: undefined, constructor: 'x' }],
      [{ ...payment, creditor: { ...payment.creditor, bic: 'GIBAATWW' } }],
    ]
    for (const each of wrong) expect(await refused(each), JSON.stringify(each)).to.deep.equal(invalid)
  })

  it('5, 10: accepts from a client the types declared for it, at an API that accepts them', async () => {
    expect(await refused([withdrawal], {}, 'till')).to.deep.equal(invalid)
    expect((await here.push([payment], {}, 'till')).status).to.equal(201)
    expect(await refused([payment], {}, 'plain')).to.deep.equal(invalid)
    const target = [400, 'invalid_target']
    expect(await refused([payment], { resource: 'https://api.example/plain' })).to.deep.equal(target)
    expect(await refused([payment], { resource: undefined })).to.deep.equal(target)
  })

  it('3.1: cannot be combined with a scope of an API', async () => {
    expect(await refused([payment], { scope: 'openid pay' })).to.deep.equal([400, 'invalid_scope'])
  })

  it('12: must be pushed, so that nobody can change it on the way', async () => {
    const authorization_details = JSON.stringify([withdrawal])
    const { told } = await here.ask('shop', ada.browser, { resource: bank, authorization_details })
    expect(told.get('error')).to.equal('invalid_request')
    // What is pushed wins over what is typed beside it.
    const { body } = await here.push([withdrawal])
    const query = new URLSearchParams({
      client_id: 'shop',
      request_uri: String(body.request_uri),
      authorization_details: JSON.stringify([{ ...withdrawal, amount: '50' }]),
    })
    const page = await ada.browser.get(`${here.metadata.authorization_endpoint}?${query}`)
    const shown = page.url.includes('/sign-in/') ? await approve(ada, page, ada.device) : page
    expect(shown.find('.sum')?.text).to.equal('0.5 BTC')
  })

  it('4: is shown completely each time, for every app, and never without a page', async () => {
    for (const app of ['shop', 'shop']) {
      const { page } = await here.open(ada, await here.push([withdrawal], {}, app), app)
      expect(page.h1).to.equal('Approve this withdrawal?')
      expect(page.find('.sum')?.text).to.equal('0.5 BTC')
      expect(
        page
          .find('.blocks')
          ?.all('span')
          .map(each => each.text)
          .join(''),
      ).to.equal(withdrawal.address)
    }
    const { told } = await here.open(ada, await here.push([withdrawal], { prompt: 'none' }))
    expect(told.get('error')).to.equal('interaction_required')
  })

  it('7, 9: returns what was approved to the app, and once to the API at introspection', async () => {
    const { status, body } = await here.redeem(await here.approved(ada))
    expect(status).to.equal(200)
    expect(body.authorization_details).to.deep.equal([withdrawal])
    expect(body).to.include({ expires_in: 120 })
    expect(body).not.to.have.property('refresh_token')
    const token = String(body.access_token)
    expect(token).to.match(/^[\w-]{43,}$/)
    const { body: told } = await here.introspect(token)
    expect(told).to.include({ active: true, client_id: 'shop', aud: bank, iss: here.issuer, acr: 'phr' })
    expect(told.authorization_details).to.deep.equal([withdrawal])
    expect(told.txn).to.match(/^[\w-]{43}$/)
    expect(told.sub).to.equal(read(body.id_token).sub)
    expect((await here.introspect(token)).body).to.deep.equal({ active: false })
  })

  it('9.2: answers only its own API, and is not used up by others who ask', async () => {
    const token = await here.actToken(ada)
    for (const client of ['vault-api', 'shop', 'till'])
      expect((await here.introspect(token, client)).body, client).to.deep.equal({ active: false })
    const userinfo = await here.get('userinfo', { authorization: `Bearer ${token}` })
    expect(userinfo.status).to.equal(403)
    expect((await here.introspect(token)).body.active).to.equal(true)
  })

  it('9.2: reports a token that its app revoked as inactive (RFC 7009)', async () => {
    const token = await here.actToken(ada)
    const form = { token, ...(await here.proof('shop')) }
    expect((await here.post('revocation', form)).status).to.equal(200)
    expect((await here.introspect(token)).body).to.deep.equal({ active: false })
  })

  it('6: refuses details in a token request', async () => {
    const details = { authorization_details: JSON.stringify([{ ...withdrawal, amount: '50' }]), resource: bank }
    const { told } = await here.approved(ada)
    const form = { grant_type: 'authorization_code', code: told.get('code') ?? '', code_verifier: 'x'.repeat(43) }
    expect((await here.token('shop', { ...form, ...details })).body.error).to.equal('invalid_authorization_details')
    const service = await here.token('bank-api', { grant_type: 'client_credentials', ...details })
    expect(service.body.error).to.equal('invalid_authorization_details')
    // Nor does a refresh of the session's other tokens return any.
    const usual = await here.tokens('shop', ada.browser, { scope: 'openid read', resource: bank })
    const refresh = { grant_type: 'refresh_token', refresh_token: String(usual.body.refresh_token) }
    expect((await here.token('shop', { ...refresh, ...details })).body.error).to.equal('invalid_authorization_details')
    const { body } = await here.token('shop', { ...refresh, resource: bank })
    expect(body).not.to.have.property('authorization_details')
    expect(read(body.access_token)).not.to.have.property('authorization_details')
  })

  it('8: answers the app with access_denied when the person refuses', async () => {
    const { page } = await here.open(ada, await here.push([payment]))
    expect(page.text).to.include('Wiener Wasser')
    const { told } = ended(await page.submit({}, 'Don’t allow'), here.issuer)
    expect(told.get('error')).to.equal('access_denied')
  })

  it('1: is valid for its API only', async () => {
    const ending = await here.approved(ada)
    const elsewhere = await here.token('shop', {
      grant_type: 'authorization_code',
      code: ending.told.get('code') ?? '',
      redirect_uri: 'https://shop.example/callback',
      code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      resource: vault,
    })
    expect(elsewhere.body.error).to.equal('invalid_target')
  })

  it('11: is approved with the proof that its page asks for, and no other', async () => {
    const first = await here.open(ada, await here.push([withdrawal]))
    const second = await here.open(ada, await here.push([{ ...withdrawal, amount: '50' }]))
    const response = await signedFor(first.page, ada.device)
    const posted = await ada.browser.post(`${second.page.url}/approve/passkey`, { response })
    expect([posted.status, posted.alerts.length]).to.deep.equal([401, 1])
  })
})
