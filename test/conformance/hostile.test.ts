import { expect } from 'chai'
import type { Person } from '../support/people.ts'
import { callback, declared, type Ground, ground, keyed, type Parameters, stranger, verifier } from './ground.ts'
import { type Pair, pair, seconds, signed } from './proving.ts'

const deep = (levels: number): string => `${'{"id_token":'.repeat(levels)}{}${'}'.repeat(levels)}`

describe('hostile requests (RFC 9700, 4)', () => {
  let here: Ground
  let person: Person
  let key: Pair
  before(async () => {
    key = await pair()
    here = await ground({ clients: [declared('desk'), declared('rival'), keyed('signs', key)], keys: { signs: key } })
    person = await here.person()
  })
  after(() => here.stop())

  /** Expects no 500, no stack trace, and no redirect to another address than the app's. */
  const unharmed = (status: number, text: string) => {
    expect(status).to.be.below(500)
    expect(text).to.not.match(/\bat .*\.(ts|js):\d/)
  }

  const nasty: [string, Parameters][] = [
    ['claims nested a thousand deep', { claims: deep(1000) }],
    [
      'claims with a prototype',
      { claims: '{"id_token":{"__proto__":{"value":"x"},"constructor":null,"toString":null}}' },
    ],
    ['acr of every kind', { claims: '{"id_token":{"acr":{"essential":"yes","values":[1,null,{}],"value":[]}}}' }],
    ['essential acr that is no list', { claims: '{"id_token":{"acr":{"essential":true,"values":"aal2"}}}' }],
    ['a sub that is no text', { claims: '{"id_token":{"sub":{"value":{"$ne":null}}}}' }],
    ['operators of a database', { 'client_id[$ne]': 'x', 'redirect_uri[]': 'https://evil.example/' }],
    ['a state of control characters', { state: '\u0000\r\nSet-Cookie: a=b\u2028' }],
    ['a nonce that is long', { nonce: 'n'.repeat(4000) }],
    ['a prompt of many words', { prompt: 'login '.repeat(300).trim() }],
    ['a max_age beyond all numbers', { max_age: '9'.repeat(40) }],
    ['a challenge that is none', { code_challenge: '<script>' }],
    ['a hint of three dots', { id_token_hint: '...' }],
    ['scopes of every kind', { scope: 'openid __proto__ constructor email$ne' }],
    ['many resources', { resource: Array.from({ length: 100 }, (_, at) => `https://api.example/${at}`) }],
    ['a resource that is a script', { resource: 'javascript:alert(1)' }],
    ['locales of every kind', { ui_locales: '../../etc/passwd __proto__ de', claims_locales: '\\' }],
    ['a response mode of the prototype', { response_mode: 'constructor' }],
    ['a response type of the prototype', { response_type: '__proto__' }],
    ['a request object of objects', { request: 'eyJhbGciOnt9fQ.eyJhIjp7fX0.' }],
    ['a reference with another’s file', { request_uri: 'urn:ietf:params:oauth:request_uri:../../x' }],
    ['a key thumbprint that is none', { dpop_jkt: '{}' }],
    ['a registration', { registration: '{"redirect_uris":["https://evil.example/"]}' }],
  ]
  for (const [what, more] of nasty)
    it(`are answered without harm: ${what}`, async () => {
      const { page, at } = await here.ask('desk', person.browser, more)
      unharmed(page.status, page.html)
      if (at) expect(at.origin).to.equal('https://desk.example')
      const form = here.request('desk', more)
      for (const [name, value] of Object.entries(await here.proof('desk'))) form.set(name, value)
      const pushed = await here.post('pushed_authorization_request', form)
      unharmed(pushed.status, pushed.text)
    })

  it('are answered without harm: the same in an object that was signed', async () => {
    const usual = { ...Object.fromEntries(here.request('signs')), iss: 'signs', aud: here.issuer, exp: seconds() + 60 }
    for (const more of [
      { claims: { id_token: { acr: { essential: true, values: {} } } } },
      { claims: [] },
      { claims: 7 },
      { max_age: { a: 1 } },
      { scope: ['openid', 'email'] },
      { redirect_uri: ['https://signs.example/callback'] },
      { prompt: null },
      { resource: [{}, 'x'] },
      { authorization_details: 'nonsense' },
    ]) {
      const query = new URLSearchParams({ client_id: 'signs', request: await signed(key, { ...usual, ...more }) })
      const page = await person.browser.get(`${here.metadata.authorization_endpoint}?${query}`)
      unharmed(page.status, page.html)
    }
  })

  it('get no code of another app, in any order', async () => {
    const mine = (await here.ask('desk', person.browser)).told.get('code') ?? ''
    const form = { grant_type: 'authorization_code', code: mine, code_verifier: verifier }
    for (const redirect_uri of [callback('desk'), callback('rival')])
      expect((await here.token('rival', { ...form, redirect_uri })).body.error).to.equal('invalid_grant')
    expect((await here.token('desk', { ...form, redirect_uri: callback('desk') })).status).to.equal(200)
  })

  it('cannot plant a code in another browser: it needs the verifier that the app keeps for that browser', async () => {
    const mallory = await here.person()
    const theirs = (await here.ask('desk', mallory.browser)).told.get('code') ?? ''
    const form = { grant_type: 'authorization_code', code: theirs, redirect_uri: callback('desk') }
    // The victim's app sends the verifier of the victim's own request.
    expect((await here.token('desk', { ...form, code_verifier: 'v'.repeat(43) })).body.error).to.equal('invalid_grant')
  })

  it('are refused when they are too large', async () => {
    const huge = { state: 'x'.repeat(200_000) }
    expect((await here.ask('desk', stranger(), huge)).page.status).to.be.oneOf([400, 413, 414, 431])
    const form = here.request('desk', huge)
    const pushed = await here.post('pushed_authorization_request', form)
    expect(pushed.status).to.be.within(400, 413)
  })
})
