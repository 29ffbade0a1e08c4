import { expect } from 'chai'
import { SignJWT, UnsecuredJWT } from 'jose'
import type { Person } from '../support/people.ts'
import { callback, declared, ended, type Ground, ground, type Parameters, verifier } from './ground.ts'
import { dpop, type Pair, pair, seconds } from './proving.ts'

describe('DPoP (RFC 9449)', () => {
  let here: Ground
  let person: Person
  let key: Pair
  let other: Pair
  before(async () => {
    ;[key, other] = [await pair(), await pair()]
    here = await ground({
      clients: [
        declared('desk', { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] }),
        declared('phone', {
          token_endpoint_auth_method: 'none',
          client_secret: undefined,
          dpop_bound_access_tokens: true,
        }),
        declared('careful', { dpop_nonce_required: true }),
      ],
    })
    person = await here.person()
  })
  after(() => here.stop())

  const htu = () => String(here.metadata.token_endpoint)
  const par = () => String(here.metadata.pushed_authorization_request_endpoint)
  const service = async (DPoP: string) => here.token('desk', { grant_type: 'client_credentials' }, { DPoP })
  const code = async (app: string, more: Parameters = {}) =>
    (await here.ask(app, person.browser, more)).told.get('code') ?? ''
  const redeem = async (app: string, code: string, DPoP: string) =>
    here.token(
      app,
      { grant_type: 'authorization_code', code, redirect_uri: callback(app), code_verifier: verifier },
      { DPoP },
    )

  it('5, 6: binds a token to the key that was proved, and names it in cnf', async () => {
    const { body } = await service(await dpop(key, { htu: htu() }))
    expect(body.token_type).to.equal('DPoP')
    expect((await here.verified(body.access_token)).cnf).to.deep.equal({ jkt: key.publicJwk.kid })
  })

  const wrong: [string, () => Promise<string> | string][] = [
    ['for another method', () => dpop(key, { htm: 'GET', htu: htu() })],
    ['for another address', () => dpop(key, { htu: par() })],
    ['without an address', () => dpop(key, { htu: htu() }, { htu: undefined })],
    ['that is old', () => dpop(key, { htu: htu() }, { iat: seconds() - 400 })],
    ['of the future', () => dpop(key, { htu: htu() }, { iat: seconds() + 100 })],
    ['without a time', () => dpop(key, { htu: htu() }, { iat: undefined })],
    ['without jti', () => dpop(key, { htu: htu() }, { jti: undefined })],
    ['of another type', () => dpop(key, { htu: htu() }, {}, { typ: 'JWT' })],
    ['with another’s key in it', () => dpop(key, { htu: htu() }, {}, { jwk: other.publicJwk })],
    ['with a nonce that nobody gave', () => dpop(key, { htu: htu(), nonce: 'mine' })],
    ['by nobody', () => new UnsecuredJWT({ htm: 'POST', htu: htu(), jti: 'x', iat: seconds() }).encode()],
    [
      'by a secret',
      () =>
        new SignJWT({ htm: 'POST', htu: htu(), jti: 'x', iat: seconds() })
          .setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk: { kty: 'oct', k: btoa('x'.repeat(32)) } as never })
          .sign(new TextEncoder().encode('x'.repeat(32))),
    ],
    ['that is none', () => 'nonsense'],
  ]
  for (const [what, proof] of wrong)
    it(`4.3: refuses a proof ${what}`, async () => expect((await service(await proof())).status).to.equal(400))

  it('4.3: accepts a URL with a query, a clock slightly off, and claims that limit the lifetime', async () => {
    expect((await service(await dpop(key, { htu: `${htu()}?x=1#y` }))).status).to.equal(200)
    for (const off of [-10, 10])
      expect((await service(await dpop(key, { htu: htu() }, { iat: seconds() + off }))).status).to.equal(200)
    expect((await service(await dpop(key, { htu: htu() }, { nbf: seconds(), exp: seconds() + 300 }))).status).to.equal(
      200,
    )
  })

  it('11.1: accepts a proof once', async () => {
    const one = await dpop(key, { htu: htu() })
    expect((await service(one)).status).to.equal(200)
    expect((await service(one)).status).to.equal(400)
  })

  it('10: binds a code to the key of dpop_jkt', async () => {
    const named = { dpop_jkt: key.publicJwk.kid }
    expect((await redeem('desk', await code('desk', named), await dpop(other, { htu: htu() }))).status).to.equal(400)
    expect((await redeem('desk', await code('desk', named), await dpop(key, { htu: htu() }))).status).to.equal(200)
  })

  it('10.1: binds a pushed request to the key that was proved with it, which must match dpop_jkt', async () => {
    const push = async (more: Parameters, DPoP: string) => {
      const form = here.request('desk', more)
      for (const [name, value] of Object.entries(await here.proof('desk'))) form.set(name, value)
      return here.post('pushed_authorization_request', form, { DPoP })
    }
    const named = { dpop_jkt: other.publicJwk.kid }
    expect((await push(named, await dpop(key, { htu: par() }))).status).to.equal(400)
    const { body } = await push({}, await dpop(key, { htu: par() }))
    const query = new URLSearchParams({ client_id: 'desk', request_uri: String(body.request_uri) })
    const url = `${here.metadata.authorization_endpoint}?${query}`
    const { told } = ended(await person.browser.get(url), here.issuer)
    expect((await redeem('desk', told.get('code') ?? '', await dpop(other, { htu: htu() }))).status).to.equal(400)
  })

  it('5: binds the refresh token of a public client', async () => {
    const { body } = await redeem('phone', await code('phone'), await dpop(key, { htu: htu() }))
    const refresh = async (by: Pair) =>
      here.token(
        'phone',
        { grant_type: 'refresh_token', refresh_token: String(body.refresh_token) },
        { DPoP: await dpop(by, { htu: htu() }) },
      )
    expect((await refresh(other)).body.error).to.equal('invalid_grant')
    expect((await refresh(key)).status).to.equal(200)
    const bare = await here.token('phone', {
      grant_type: 'authorization_code',
      code: await code('phone'),
      redirect_uri: callback('phone'),
      code_verifier: verifier,
    })
    expect(bare.status).to.equal(400)
  })

  describe('nonces (8, 9)', () => {
    it('are required of an app whose entry says so, at the token and the PAR endpoint', async () => {
      const first = await redeem('careful', await code('careful'), await dpop(key, { htu: htu() }))
      expect([first.status, first.body.error]).to.deep.equal([400, 'use_dpop_nonce'])
      const nonce = first.headers.get('dpop-nonce') ?? ''
      expect(nonce).to.have.length.greaterThan(20)
      const second = await redeem('careful', await code('careful'), await dpop(key, { htu: htu(), nonce }))
      expect(second.status).to.equal(200)
      const push = async (proof: string) => {
        const form = here.request('careful')
        for (const [name, value] of Object.entries(await here.proof('careful'))) form.set(name, value)
        return here.post('pushed_authorization_request', form, { DPoP: proof })
      }
      const pushed = await push(await dpop(key, { htu: par() }))
      expect([pushed.status, pushed.body.error]).to.deep.equal([400, 'use_dpop_nonce'])
      expect((await push(await dpop(key, { htu: par(), nonce }))).status).to.equal(201)
    })

    it('accept proofs of an app whose clock is wrong', async () => {
      const ahead = { iat: seconds() + 5_000 }
      const first = await service(await dpop(key, { htu: htu() }, ahead))
      expect(first.body.error).to.equal('use_dpop_nonce')
      const nonce = first.headers.get('dpop-nonce') ?? ''
      expect((await service(await dpop(key, { htu: htu(), nonce }, ahead))).status).to.equal(200)
    })

    it('are required of every app where the operator says so', async () => {
      const strict = await ground({ clients: [declared('desk')], environment: { LATCHKEY_DPOP_NONCES: 'yes' } })
      const somebody = await strict.person()
      const token = String(strict.metadata.token_endpoint)
      const first = await strict.tokens('desk', somebody.browser, {}, { DPoP: await dpop(key, { htu: token }) })
      expect(first.body.error).to.equal('use_dpop_nonce')
      const nonce = first.headers.get('dpop-nonce') ?? ''
      const { body } = await strict.tokens(
        'desk',
        somebody.browser,
        {},
        { DPoP: await dpop(key, { htu: token, nonce }) },
      )
      const info = String(strict.metadata.userinfo_endpoint)
      const show = async (more: { nonce?: string }) =>
        strict.get('userinfo', {
          authorization: `DPoP ${body.access_token}`,
          DPoP: await dpop(key, { htm: 'GET', htu: info, token: body.access_token, ...more }),
        })
      const refused = await show({})
      expect([refused.status, refused.headers.get('www-authenticate')]).to.satisfy(
        ([status, header]: [number, string]) => status === 401 && /^DPoP .*error="use_dpop_nonce"/.test(header),
      )
      expect((await show({ nonce: refused.headers.get('dpop-nonce') ?? '' })).body.sub).to.be.a('string')
      await strict.stop()
    })
  })
})
