import { expect } from 'chai'
import { compactVerify, decodeJwt, importJWK, type JWK } from 'jose'
import * as client from 'openid-client'
import { authority, believe, pemFolder } from '../support/certificates.ts'
import { type Running, startLatchkey } from '../support/latchkey.ts'
import { authenticatorCode, type Person, signUp, somebody } from '../support/people.ts'

describe('a journey wholly over https', () => {
  const files = pemFolder()
  let disbelieve: () => void
  let latchkey: Running
  let person: Person
  let app: client.Configuration
  const callback = 'https://app.example/callback'

  before(async () => {
    const ours = await authority()
    disbelieve = believe(ours)
    const { cert, key } = await ours.issue('CN=localhost', { use: 'server' })
    const declared = {
      client_id: 'app',
      client_name: 'App',
      first_party: true,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [callback],
      client_secret: 'a-secret-of-the-https-journey-0000',
    }
    const clients = files.write('clients.json', JSON.stringify({ apis: [], clients: [declared] }))
    const tls = { cert: files.write('cert.pem', cert), key: files.write('key.pem', key) }
    latchkey = await startLatchkey({ clients, tls })
    person = somebody()
    app = await client.discovery(new URL(latchkey.issuer), 'app', declared.client_secret)
  })
  after(async () => {
    await latchkey.stop()
    disbelieve()
    files.remove()
  })

  it('signs up, with cookies that only https carries and no other host can plant', async () => {
    const done = await signUp(latchkey, person, await person.browser.get(`${latchkey.issuer}/sign-up`))
    expect(done.status).to.equal(200)
    const cookies = await person.browser.cookies.getCookies(latchkey.issuer)
    expect(cookies.map(each => each.key)).to.include('__Host-latchkey_session')
    for (const each of cookies) expect(each.secure, each.key).to.equal(true)
    expect(done.headers.get('strict-transport-security')).to.match(/max-age=/)
  })

  it('signs in to an app, which takes every endpoint from discovery, and refreshes', async () => {
    const verifier = client.randomPKCECodeVerifier()
    const url = client.buildAuthorizationUrl(app, {
      redirect_uri: callback,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    expect(url.protocol).to.equal('https:')
    const page = await person.browser.get(url.href)
    const back = new URL(page.location ?? expect.fail(page.text))
    const tokens = await client.authorizationCodeGrant(app, back, { pkceCodeVerifier: verifier })
    const again = await client.refreshTokenGrant(app, tokens.refresh_token ?? '')
    expect(decodeJwt(again.id_token ?? '')).to.include({ iss: latchkey.issuer, aud: 'app', acr: 'aal2' })
    const { keys } = (await (await fetch(app.serverMetadata().jwks_uri ?? '')).json()) as { keys: JWK[] }
    await compactVerify(again.id_token ?? '', await importJWK(keys[0] as JWK))
    expect(await client.fetchUserInfo(app, again.access_token, client.skipSubjectCheck)).to.have.property('sub')
  })

  it('signs out and in again with both factors, and everything it links to is https', async () => {
    const account = await person.browser.get(`${latchkey.issuer}/account`)
    for (const { href } of account.links) expect(new URL(href, account.url).protocol).to.equal('https:')
    await account.submit({}, 'Sign out')
    const { browser, email, password } = person
    const page = await (await browser.get(`${latchkey.issuer}/sign-in`)).submit({ email, password })
    expect((await page.submit({ code: authenticatorCode(latchkey, person) })).url).to.match(/^https:.*\/account$/)
  })
})
