import { expect } from 'chai'
import type { Person } from '../support/people.ts'
import { api, declared, type Ground, ground, read } from './ground.ts'
import { dpop, type Pair, pair, seconds, signed } from './proving.ts'

const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const bank = 'https://api.example/bank'
const archive = 'https://api.example/archive'
const vault = 'https://api.example/vault'
const mute = 'https://api.example/mute'
const server = (id: string, more: object = {}) =>
  declared(id, { grant_types: [exchange], redirect_uris: [], apis: {}, ...more })

describe('token exchange: delegation (RFC 8693)', () => {
  let here: Ground
  let person: Person
  let key: Pair
  before(async () => {
    here = await ground({
      apis: [
        { resource: api, client_id: 'ledger', name: 'Ledger', scopes: ['read', 'write'] },
        { resource: bank, client_id: 'bank', name: 'Bank', scopes: ['read', 'write', 'transfer'] },
        { resource: vault, client_id: 'strict', name: 'Vault', scopes: ['read'] },
        { resource: mute, client_id: 'idle', name: 'Mute', scopes: ['read'] },
        { resource: archive, name: 'Archive', scopes: ['read'] },
      ],
      clients: [
        declared('desk', { scope: 'openid hold', apis: { [api]: ['read', 'write'], [vault]: ['read'] } }),
        declared('bound', { dpop_bound_access_tokens: true }),
        declared('veiled', { subject_type: 'pairwise' }),
        server('ledger', { delegates: { [bank]: ['read', 'transfer'] } }),
        server('bank', { delegates: { [archive]: ['read'] } }),
        server('strict', { delegates: { [bank]: ['read'] }, dpop_bound_access_tokens: true }),
        server('idle'),
      ],
    })
    person = await here.person()
    key = await pair()
  })
  after(() => here.stop())

  /** A token that `desk` got for the ledger. */
  const subject = async (scope = 'openid read write', who = person, resource = api): Promise<unknown> =>
    (await here.tokens('desk', who.browser, { scope, resource })).body.access_token
  const trade = (app: string, token: unknown, more: object = {}, headers: Record<string, string> = {}) =>
    here.token(
      app,
      {
        grant_type: exchange,
        subject_token: String(token),
        subject_token_type: accessToken,
        resource: bank,
        ...more,
      },
      headers,
    )
  const proof = (own: Pair) => dpop(own, { htu: `${here.issuer}/token` })

  it('1.1, 4.1: issues an API a token for another API, with subject and actor', async () => {
    const token = await subject()
    const { status, body } = await trade('ledger', token)
    expect([status, body.issued_token_type, body.token_type]).to.deep.equal([200, accessToken, 'Bearer'])
    const [before, after] = [await here.verified(token), await here.verified(body.access_token)]
    expect(after).to.include({ aud: bank, client_id: 'ledger', scope: 'read' })
    for (const name of ['sub', 'sid', 'acr', 'auth_time'] as const) expect(after[name], name).to.equal(before[name])
    expect(after.amr).to.deep.equal(before.amr)
    expect(after.act).to.deep.equal({ sub: 'ledger' })
  })

  it('4.1: nests the earlier actor when the second API exchanges again', async () => {
    const first = await trade('ledger', await subject())
    const second = await trade('bank', first.body.access_token, { resource: archive })
    expect((await here.verified(second.body.access_token)).act).to.deep.equal({ sub: 'bank', act: { sub: 'ledger' } })
  })

  it('2.2.1: issues no more scope or lifetime than the token has, and no refresh token', async () => {
    const token = await subject('openid read')
    const { body } = await trade('ledger', token)
    expect(body).to.have.keys('access_token', 'issued_token_type', 'token_type', 'expires_in', 'scope')
    expect(body.scope).to.equal('read')
    const [before, after] = [read(token), read(body.access_token)]
    expect(after.exp).to.equal(before.exp)
    expect(body.expires_in).to.be.at.most((before.exp ?? 0) - seconds() + 1)
    expect((await trade('ledger', token, { scope: 'transfer' })).body.error).to.equal('invalid_scope')
    const wide = await trade('ledger', await subject(), { scope: 'read write transfer' })
    expect(wide.body.scope).to.equal('read')
  })

  it('2.2.2: refuses an API that the client may not use', async () => {
    const token = await subject()
    for (const more of [{ resource: archive }, { resource: undefined }, { resource: undefined, audience: bank }])
      expect((await trade('ledger', token, more)).body.error).to.equal('invalid_target')
    expect((await trade('idle', token)).body.error).to.equal('invalid_target')
    expect((await trade('desk', token)).body.error).to.equal('invalid_request')
  })

  it('2.2.2: refuses a token that is not for the client’s own API', async () => {
    const token = await subject()
    expect((await trade('bank', token, { resource: archive })).body.error).to.equal('invalid_request')
    const { body } = await here.tokens('desk', person.browser)
    expect((await trade('ledger', body.id_token)).body.error).to.equal('invalid_request')
    expect((await trade('ledger', body.access_token)).body.error).to.equal('invalid_request')
  })

  it('2.2.2: refuses a token that somebody else signed, that was changed, or is invalid', async () => {
    const token = String(await subject())
    const forged = await signed(key, read(token), { typ: 'at+jwt' })
    for (const each of [forged, `${token.slice(0, -6)}AAAAAA`, 'x', 'a.b.c'])
      expect((await trade('ledger', each)).body.error).to.equal('invalid_request')
  })

  it('2.2.2: refuses a token with a pairwise subject', async () => {
    const { body } = await here.tokens('veiled', person.browser, { scope: 'openid read', resource: api })
    const { error, error_description: told } = (await trade('ledger', body.access_token)).body
    expect([error, told]).to.deep.equal(['invalid_request', 'the subject token is not acceptable'])
  })

  it('2.2.2: refuses a token whose session has ended', async () => {
    const other = await here.person()
    const token = await subject('openid read', other)
    expect((await trade('ledger', token)).status).to.equal(200)
    const delegated = (await trade('ledger', token)).body.access_token
    await other.browser.post(`${here.issuer}/sign-out`)
    expect((await trade('ledger', token)).body.error).to.equal('invalid_request')
    expect((await trade('bank', delegated, { resource: archive })).body.error).to.equal('invalid_request')
  })

  it('2.1: accepts no other actor than the authenticated client, and no other type of token, in or out', async () => {
    const token = await subject()
    const faults = [
      { actor_token: String(token), actor_token_type: accessToken },
      { requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      { subject_token_type: 'toString' },
      { subject_token: undefined },
      { resource: [bank, archive] },
    ]
    for (const more of faults) expect((await trade('ledger', token, more)).body.error).to.equal('invalid_request')
    expect((await trade('ledger', token, { requested_token_type: accessToken })).status).to.equal(200)
  })

  it('5: binds the new token to the actor’s own key when the first one is bound (RFC 9449)', async () => {
    const holder = await pair()
    const headers = { DPoP: await proof(holder) }
    const { body } = await here.tokens('bound', person.browser, { scope: 'openid read', resource: api }, headers)
    expect((await trade('ledger', body.access_token)).body.error).to.equal('invalid_request')
    const shown = await proof(key)
    const done = await trade('ledger', body.access_token, {}, { DPoP: shown })
    expect(done.body.token_type).to.equal('DPoP')
    expect((await here.verified(done.body.access_token)).cnf).to.deep.equal({ jkt: key.publicJwk.kid })
    expect((await trade('ledger', body.access_token, {}, { DPoP: shown })).status).to.equal(400)
  })

  it('5: an actor that binds its tokens always proves its key', async () => {
    const token = await subject('openid read', person, vault)
    expect((await trade('strict', token)).body.error).to.equal('invalid_grant')
    expect((await trade('strict', token, {}, { DPoP: await proof(key) })).body.token_type).to.equal('DPoP')
  })

  it('includes a hold that began after the first token was issued', async () => {
    const owner = await here.person()
    const token = await subject('openid read', owner)
    expect(read(token)).to.not.have.property('hold_until')
    const keys = await owner.browser.get(`${here.issuer}/account/api-keys`)
    const answers = { name: 'Mover', scope: ['transfer'], addresses: '192.0.2.7' }
    const made = await keys.submit(answers, 'Create key')
    here.latchkey.keepOut(made.find('[data-api-key-secret]')?.text ?? '')
    const { body } = await trade('ledger', token)
    expect((await here.verified(body.access_token)).hold_until).to.be.greaterThan(seconds())
  })
})
