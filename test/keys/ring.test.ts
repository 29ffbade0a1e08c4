import { expect } from 'chai'
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose'
import { publication } from '../../src/keys/signing-keys.ts'
import type { Store } from '../../src/store/collection.ts'
import { browser, declared, type Running, running, trading, wallet } from '../support/provider.ts'
import { testStore } from '../support/store.ts'

const second = 1_000
const day = 24 * 3_600 * second
const cached = 300 * second

describe('the ring of signing keys', () => {
  let store: Store
  let ahead = 0
  let processes: Running[]
  const now = () => Date.now() + ahead
  const pass = (ms: number): void => {
    ahead += ms
    for (const each of processes) each.pass(ms)
  }
  const jwks = async ({ issuer }: Running) => {
    const { keys } = (await (await fetch(`${issuer}/jwks.json`)).json()) as { keys: JWK[] }
    return keys
  }
  const token = async ({ issuer }: Running, resource: string): Promise<string> => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', resource })
    const authorization = `Basic ${btoa('service:service-secret-for-development-only-0000')}`
    const answer = await fetch(`${issuer}/token`, { method: 'POST', headers: { authorization }, body })
    return ((await answer.json()) as { access_token: string }).access_token
  }
  const verifies = async (jws: string, keys: readonly JWK[]): Promise<boolean> => {
    const jwk = keys.find(each => each.kid === decodeProtectedHeader(jws).kid)
    return jwk !== undefined && (await compactVerify(jws, await importJWK(jwk)).then(Boolean, () => false))
  }
  /** An API that keeps the keys for as long as it is told it may, and asks for none before. */
  const verifier = (at: Running) => {
    let kept: JWK[] = []
    let until = 0
    return async (jws: string): Promise<boolean> => {
      if (now() >= until) [kept, until] = [await jwks(at), now() + cached]
      return verifies(jws, kept)
    }
  }
  const start = async (more: Parameters<typeof running>[0] = {}): Promise<Running> => {
    const started = await running({ store, ...more })
    started.pass(ahead)
    processes.push(started)
    return started
  }

  beforeEach(async () => {
    ahead = 0
    processes = []
    store = await testStore(now)
  })
  afterEach(async () => {
    await Promise.all(processes.map(each => each.close()))
    await store.close()
  })

  it('rotates under load with no failed verification, at any process, by any cache', async () => {
    const here = await start({ age: day })
    const there = await start({ age: day })
    const verify = [verifier(here), verifier(there)]
    const signed: { jws: string; at: number }[] = []
    let failed = 0
    const count = async (verified: Promise<boolean>): Promise<void> => {
      if (!(await verified)) failed += 1
    }
    pass(day - 60 * second)
    for (let step = 0; step < 60; step++) {
      pass(20 * second)
      // Both find it due in the same moment; afterwards one of them looks later than the other.
      if (step < 8) await Promise.all(processes.map(each => each.keys.look()))
      else await (step % 2 ? here : there).keys.look()
      const fresh = await Promise.all([here, there].flatMap(each => [token(each, wallet), token(each, trading)]))
      signed.push(...fresh.map(jws => ({ jws, at: now() })))
      const shown = signed.filter(({ at }) => now() - at < cached)
      await Promise.all(shown.flatMap(({ jws }) => verify.map(each => count(each(jws)))))
    }
    expect(new Set(signed.map(({ jws }) => decodeProtectedHeader(jws).kid))).to.have.lengthOf(4)
    expect(failed).to.equal(0)
    expect([...here.of('keys.rotated'), ...there.of('keys.rotated')]).to.have.lengthOf(3)
    expect([...here.of('keys.retired'), ...there.of('keys.retired')]).to.have.lengthOf(3)
    // An ID token may live for a day: whoever shows it in its last minute finds its key.
    pass(signed[0] ? signed[0].at + day - 60 * second - now() : 0)
    await here.keys.look()
    expect(await verifies(signed[0]?.jws ?? '', await jwks(here))).to.equal(true)
    expect([...here.faults, ...there.faults]).to.deep.equal([])
  })

  it('publishes what another process made within one look, and forgets the old documents', async () => {
    const here = await start({ age: day })
    const there = await start()
    const before = await jwks(there)
    pass(day)
    await here.keys.look()
    expect(await jwks(there)).to.deep.equal(before)
    await there.keys.look()
    const after = await jwks(there)
    expect(after.map(each => each.alg)).to.deep.equal(['ES256', 'ES256', 'EdDSA', 'EdDSA', 'RS256', 'RS256'])
    expect(after).to.deep.equal(await jwks(here))
    for (const key of after) expect(key).to.not.have.any.keys('d', 'p', 'priv')
  })

  it('follows by itself, and stops when it is told to', async () => {
    const here = await start({ age: day, poll: 5 })
    const changed = Promise.withResolvers<void>()
    here.keys.onChange(() => changed.resolve())
    const stop = here.keys.work()
    pass(day)
    await changed.promise
    await stop()
    expect(here.keys.keys().map(each => each.state)).to.include('next')
  })

  it('never rotates by itself where the age is 0', async () => {
    const here = await start()
    pass(10_000 * day)
    await here.keys.look()
    expect(here.of('keys.rotated')).to.deep.equal([])
  })

  it('signs the next ID token, too, with the new key, and still takes the old one as a hint', async () => {
    const here = await start({ age: day, session: { idle: 3 * day, max: 3 * day } })
    const [app, person] = [await here.app('card'), browser()]
    const { id_token: hint = '', refresh_token } = await app.signIn(person)
    pass(day)
    await here.keys.look()
    pass(publication)
    await here.keys.look()
    const [current, retired] = here.keys.keys()
    const { id_token: next = '' } = await (await here.app('card')).refresh(refresh_token)
    expect(decodeProtectedHeader(hint).kid).to.equal(retired?.jwk.kid)
    expect(decodeProtectedHeader(next).kid).to.equal(current?.jwk.kid)
    const page = await person.get(`${here.issuer}/end-session?id_token_hint=${hint}`)
    expect(page.status).to.equal(200)
  })

  it('takes an ID token as a hint for as long as sessions live, though its key is published no more', async () => {
    const here = await start({ age: day, session: { idle: 20 * day, max: 20 * day } })
    const [app, person] = [await here.app('card'), browser()]
    const { id_token: hint = '' } = await app.signIn(person)
    for (let each = 0; each < 12; each++) {
      pass(day)
      await here.keys.look()
    }
    expect((await jwks(here)).map(({ kid }) => kid)).to.not.include(decodeProtectedHeader(hint).kid)
    const page = await person.get(`${here.issuer}/end-session?id_token_hint=${hint}`)
    expect(page.status).to.equal(200)
    expect(here.keys.hintKeys().map(({ kid }) => kid)).to.include(decodeProtectedHeader(hint).kid)
    for (const key of here.keys.hintKeys()) expect(key).to.not.have.any.keys('d', 'p', 'priv')
    // No session is as old as that any more.
    pass(20 * day)
    await here.keys.look()
    expect(here.keys.hintKeys().map(({ kid }) => kid)).to.not.include(decodeProtectedHeader(hint).kid)
  })

  it('has keys of other kinds where a client or an API wants them, and discovery says so', async () => {
    const asking = (origin: string) => {
      const all = declared(origin) as { apis: object[]; clients: { client_id: string }[] }
      const [first, ...more] = all.apis
      const clients = all.clients.map(each => ({
        ...each,
        ...(each.client_id === 'trading' && { id_token_signed_response_alg: 'RS256' }),
        ...(each.client_id === 'card' && { id_token_signed_response_alg: 'ML-DSA-44' }),
      }))
      return { apis: [{ ...first, access_token_signed_response_alg: 'PS256' }, ...more], clients }
    }
    const here = await start({ declare: asking })
    const wanted = ['ES256', 'EdDSA', 'PS256', 'RS256', 'ML-DSA-44']
    expect((await jwks(here)).map(each => each.alg)).to.deep.equal(wanted)
    const answer = await fetch(`${here.issuer}/.well-known/openid-configuration`)
    const document = (await answer.json()) as { id_token_signing_alg_values_supported: string[] }
    expect(document.id_token_signing_alg_values_supported).to.deep.equal(wanted)
    const jws = await token(here, wallet)
    expect(decodeProtectedHeader(jws).alg).to.equal('PS256')
    expect(await verifies(jws, await jwks(here))).to.equal(true)
  })
})
