import { expect } from 'chai'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { declared, type Running, running, wallet } from '../support/provider.ts'
import { slow, testStore } from '../support/store.ts'

const seconds = () => Math.floor(Date.now() / 1000)

describe('proofs that may be used once', () => {
  let latchkey: Running
  let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']
  let jwk: JWK
  before(async () => {
    const pair = await generateKeyPair('ES256', { extractable: true })
    privateKey = pair.privateKey
    jwk = await exportJWK(pair.publicKey)
  })

  const declare = (origin: string) => {
    const file = declared(origin) as { clients: Record<string, unknown>[] }
    file.clients.push({
      client_id: 'robot',
      client_name: 'Robot',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
      apis: { [wallet]: ['read'] },
    })
    return file
  }
  const token = (parameters: Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${latchkey.issuer}/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: wallet, scope: 'read', ...parameters }),
    })
  const tally = async (attempts: Promise<Response>[]) => {
    const answers = await Promise.all(attempts)
    const refused = answers.filter(each => !each.ok)
    const errors = await Promise.all(refused.map(async each => ((await each.json()) as { error: string }).error))
    return { won: answers.length - refused.length, errors: [...new Set(errors)] }
  }
  const service = { authorization: `Basic ${btoa('service:service-secret-for-development-only-0000')}` }
  const proof = (claims: JWTPayload = {}) =>
    new SignJWT({ htm: 'POST', htu: `${latchkey.issuer}/token`, jti: crypto.randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt(claims.iat ?? seconds())
      .sign(privateKey)
  const assertion = (claims: JWTPayload = {}) =>
    new SignJWT({
      jti: crypto.randomUUID(),
      iss: 'robot',
      sub: 'robot',
      aud: latchkey.issuer,
      exp: seconds() + 60,
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(privateKey)
  const asserted = (client_assertion: string) =>
    token({ client_assertion, client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' })

  describe('on a slow store', () => {
    it('DPoP: answers one of ten requests with the same proof', async () => {
      const store = await testStore()
      latchkey = await running({ store: slow(store, 10) })
      const DPoP = await proof()
      const { won, errors } = await tally(Array.from({ length: 10 }, () => token({}, { ...service, DPoP })))
      expect({ won, errors }).to.deep.equal({ won: 1, errors: ['invalid_grant'] })
      await latchkey.close()
      await store.close()
    })

    it('client assertions: answers one of ten requests with the same assertion', async () => {
      const store = await testStore()
      latchkey = await running({ store: slow(store, 10), declare })
      const one = await assertion()
      const { won, errors } = await tally(Array.from({ length: 10 }, () => asserted(one)))
      expect({ won, errors }).to.deep.equal({ won: 1, errors: ['invalid_client'] })
      await latchkey.close()
      await store.close()
    })
  })

  describe('in time', () => {
    beforeEach(async () => {
      latchkey = await running({ declare })
    })
    afterEach(() => latchkey.close())

    it('are remembered for as long as they are accepted, with clocks ahead of ours included', async () => {
      const DPoP = await proof({ iat: seconds() + 59 })
      expect((await token({}, { ...service, DPoP })).status).to.equal(200)
      latchkey.pass(358_000)
      expect((await token({}, { ...service, DPoP })).status).to.equal(400)
    })

    it('bind a service’s token to the key', async () => {
      const answer = (await (await token({}, { ...service, DPoP: await proof() })).json()) as { token_type: string }
      expect(answer.token_type).to.equal('DPoP')
    })

    it('refuse an assertion with too long a life, by another key or for another server', async () => {
      const stranger = await generateKeyPair('ES256')
      const forged = await new SignJWT({
        jti: 'x',
        iss: 'robot',
        sub: 'robot',
        aud: latchkey.issuer,
        exp: seconds() + 60,
      })
        .setProtectedHeader({ alg: 'ES256' })
        .sign(stranger.privateKey)
      const wrong = [
        await assertion({ exp: seconds() + 3_600 }),
        await assertion({ aud: 'https://another.example' }),
        await assertion({ exp: seconds() - 60 }),
        forged,
      ]
      for (const each of wrong) expect((await asserted(each)).status).to.equal(401)
      expect((await asserted(await assertion())).status).to.equal(200)
    })
  })
})
