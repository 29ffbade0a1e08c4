import { expect } from 'chai'
import { type Adapter, errors } from 'oidc-provider'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { type Records, records } from '../../src/records/adapter.ts'
import { newToken, successor } from '../../src/records/refresh-tokens.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'
import { watched } from '../support/watched.ts'

const sealing = sealer(keyring(['a secret of thirty-two characters or more']))

describe('the adapter', () => {
  let store: Store
  let time: number
  const now = () => time
  let kept: Records
  const of = (name: string, from = kept): Adapter => from.adapter(name)
  const minute = 60

  beforeEach(async () => {
    time = Date.now()
    store = await testStore(now)
    kept = records(store, sealing, now)
  })
  afterEach(() => store.close())

  for (const kind of ['AuthorizationCode', 'AccessToken', 'PushedAuthorizationRequest', 'Grant', 'Interaction']) {
    it(`keeps, finds, expires and forgets: ${kind}`, async () => {
      const payload = { jti: 'one', kind, iat: 1, exp: 2, scope: 'openid', grantId: 'g', nested: { 'a.b': ['$c'] } }
      await of(kind).upsert('one', payload, minute)
      expect(await of(kind).find('one')).to.deep.equal(payload)
      expect(await of(kind).find('two')).to.equal(undefined)
      // A pushed request is seen for an hour more, so that it is known to be spent; the library reads `exp`.
      time += (kind === 'PushedAuthorizationRequest' ? 61 : 1) * minute * 1000
      expect(await of(kind).find('one')).to.equal(undefined)
      await of(kind).upsert('one', payload, minute)
      await of(kind).destroy('one')
      expect(await of(kind).find('one')).to.equal(undefined)
    })
  }

  it('keeps what each of several adds to one grant at once, on a slow store too', async () => {
    const late = of('Grant', records(slow(store, 5), sealing, now))
    const base = { jti: 'g', accountId: 'ada', clientId: 'a', openid: { scope: 'openid' } }
    const added = [
      { ...base, openid: { scope: 'openid email' } },
      { ...base, openid: { scope: 'openid phone', claims: ['phone_number'] } },
      { ...base, resources: { one: 'read' } },
      { ...base, resources: { one: 'write', two: 'read' } },
    ]
    // The first finds none, too.
    await Promise.all(added.map(each => late.upsert('g', each, minute)))
    const { openid, resources } = (await of('Grant').find('g')) as Record<string, Record<string, string>>
    expect(openid?.scope?.split(' ')).to.have.members(['openid', 'email', 'phone'])
    expect(openid?.claims).to.deep.equal(['phone_number'])
    expect(resources?.one?.split(' ')).to.have.members(['read', 'write'])
    expect(resources?.two).to.equal('read')
  })

  it('brings no grant back that is revoked while something is added to it', async () => {
    await of('Grant').upsert('g', { jti: 'g', openid: { scope: 'openid' } }, minute)
    const late = of('Grant', records(slow(store, 20), sealing, now))
    const adding = late.upsert('g', { jti: 'g', openid: { scope: 'openid email' } }, minute)
    await new Promise(resolve => setTimeout(resolve, 30))
    await kept.revokeGrant('g')
    await adding
    expect(await of('Grant').find('g')).to.equal(undefined)
  })

  it('takes an access token out of the world once, of ten at once on a slow store', async () => {
    await of('AccessToken').upsert('one', { jti: 'one', grantId: 'g' }, minute)
    const late = records(slow(store, 10), sealing, now)
    const ten = await Promise.all(Array.from({ length: 10 }, () => late.takeToken('one')))
    expect(ten.filter(Boolean)).to.have.lengthOf(1)
    expect(await of('AccessToken').find('one')).to.equal(undefined)
    expect(await kept.takeToken('two')).to.equal(false)
  })

  for (const [kind, fault] of [
    ['AuthorizationCode', errors.InvalidGrant],
    ['PushedAuthorizationRequest', errors.InvalidRequestUri],
  ] as const) {
    it(`lets one of ten consume, on a slow store too: ${kind}`, async () => {
      await of(kind).upsert('one', { jti: 'one', grantId: 'g' }, minute)
      const late = of(kind, records(slow(store, 10), sealing, now))
      const ten = await Promise.allSettled(Array.from({ length: 10 }, () => late.consume('one')))
      expect(ten.filter(each => each.status === 'fulfilled')).to.have.lengthOf(1)
      for (const each of ten) if (each.status === 'rejected') expect(each.reason).to.be.instanceOf(fault)
      expect(await of(kind).find('one')).to.have.property('consumed', Math.floor(time / 1000))
    })
  }

  it('keeps of a pushed request that was used only that it was', async () => {
    const payload = { kind: 'PushedAuthorizationRequest', iat: 1, exp: 2, request: 'x'.repeat(8_000) }
    await of('PushedAuthorizationRequest').upsert('one', { jti: 'one', ...payload }, minute)
    await of('PushedAuthorizationRequest').consume('one')
    const left = await of('PushedAuthorizationRequest').find('one')
    const consumed = Math.floor(time / 1000)
    expect(left).to.deep.equal({ jti: 'one', kind: payload.kind, iat: 1, exp: 2, consumed })
  })

  it('ends all that came of a grant', async () => {
    const token = newToken()
    await of('AuthorizationCode').upsert('c', { jti: 'c', grantId: 'g' }, minute)
    await of('AccessToken').upsert('a', { jti: 'a', grantId: 'g' }, minute)
    await of('AccessToken').upsert('b', { jti: 'b', grantId: 'other' }, minute)
    await of('RefreshToken').upsert(token, { jti: token, grantId: 'g' }, minute)
    await of('Grant').upsert('g', { jti: 'g', accountId: 'ada', clientId: 'trading' }, minute)
    expect(await kept.grantsOf('ada', 'trading')).to.deep.equal(['g'])
    await kept.revokeGrant('g')
    expect(await of('AuthorizationCode').find('c')).to.equal(undefined)
    expect(await of('AccessToken').find('a')).to.equal(undefined)
    expect(await of('AccessToken').find('b')).to.have.property('jti', 'b')
    expect(await of('RefreshToken').find(token)).to.equal(undefined)
    expect(await of('Grant').find('g')).to.equal(undefined)
  })

  it('ends all that came of a session', async () => {
    const token = newToken()
    await of('AccessToken').upsert('a', { jti: 'a', sessionUid: 's' }, minute)
    await of('RefreshToken').upsert(token, { jti: token, sessionUid: 's' }, minute)
    await kept.revokeSession('s')
    expect(await of('AccessToken').find('a')).to.equal(undefined)
    expect(await of('RefreshToken').find(token)).to.equal(undefined)
  })

  it('ends every session and grant of an account, however many there are', async () => {
    const ids = Array.from({ length: 1_101 }, (_, turn) => `s${turn}`)
    const exp = Math.floor(time / 1000) + minute
    const born = { born: true, from: '', apps: {} }
    for (const id of ids) {
      const authorizations = { a: { sid: id, grantId: id } }
      await Promise.all([
        kept.sessions.keep({ jti: id, uid: id, exp, accountId: 'ada', authorizations }, born),
        of('Grant').upsert(id, { jti: id, accountId: 'ada', clientId: 'a' }, minute),
      ])
    }
    expect(await kept.sessions.of('ada')).to.have.length(1_101)
    expect(await kept.grantsOf('ada')).to.have.length(1_101)
    const last = ids.toSorted().at(-1) ?? ''
    expect(await kept.grantIn('ada', last)).to.include({ grantId: last })
  }).timeout(60_000)

  it('keeps no client, and nothing that it does not know', async () => {
    for (const kind of ['Client', 'ClientCredentials', 'PreAuthorizedCode']) {
      expect(await of(kind).find('x')).to.equal(undefined)
      expect(
        await of(kind)
          .upsert('x', {}, 1)
          .catch(each => each),
      ).to.be.instanceOf(TypeError)
    }
  })

  it('remembers of an interaction’s session not its cookie', async () => {
    const { store: seen, written } = watched(store)
    const session = { accountId: 'ada', uid: 'u', cookie: 'the-cookie-itself' }
    await records(seen, sealing, now).adapter('Interaction').upsert('i', { jti: 'i', session }, minute)
    expect(written()).to.not.include('the-cookie-itself')
    expect((await of('Interaction').find('i'))?.session).to.deep.equal({ accountId: 'ada', uid: 'u' })
  })

  describe('for refresh tokens', () => {
    const rotation = { last: { at: 1, asked: '', holder: '', sealed: '' }, life: minute }

    it('knows the live one from the spent, and strangers from both', async () => {
      const [first, stranger] = [newToken(), newToken()]
      await of('RefreshToken').upsert(first, { jti: first, clientId: 'trading' }, minute)
      const second = successor(first)
      expect(await kept.refreshTokens.rotate(first, second, rotation)).to.equal(true)
      expect(await of('RefreshToken').find(second)).to.include({ jti: second, clientId: 'trading' })
      expect(await of('RefreshToken').find(second)).to.not.have.property('consumed')
      expect(await of('RefreshToken').find(first)).to.have.property('consumed')
      expect(await of('RefreshToken').find(successor(first))).to.have.property('consumed')
      expect(await of('RefreshToken').find(stranger)).to.equal(undefined)
    })

    it('lets one of ten rotate', async () => {
      const token = newToken()
      await of('RefreshToken').upsert(token, { jti: token }, minute)
      const late = records(slow(store, 10), sealing, now).refreshTokens
      const ten = await Promise.all(Array.from({ length: 10 }, () => late.rotate(token, successor(token), rotation)))
      expect(ten.filter(Boolean)).to.have.lengthOf(1)
    })
  })

  describe('for sessions', () => {
    const exp = () => Math.floor(time / 1000) + minute
    const born = { born: true, from: 'one', apps: {} }
    const session = (jti: string, more: object = {}) => ({ jti, uid: 'u', exp: exp(), accountId: 'ada', ...more })
    const renewed = (apps: object, from = 'one') => ({ born: false, from, apps: apps as Record<string, object> })
    const find = (cookie: string) => of('Session').find(cookie)

    it('finds by cookie and by uid; a new cookie ends the old one in the same instant', async () => {
      await kept.sessions.keep(session('one'), born)
      expect(await find('one')).to.include({ jti: 'one', uid: 'u', accountId: 'ada', exp: exp() })
      await kept.sessions.keep(session('two'), renewed({}))
      expect(await find('one')).to.equal(undefined)
      expect(await find('two')).to.include({ jti: 'two', uid: 'u' })
      expect(await of('Session').findByUid('u')).to.not.have.property('jti')
    })

    it('keeps what parallel requests did about different apps', async () => {
      await kept.sessions.keep(session('one', { authorizations: { a: { sid: '1' }, b: { sid: '2' } } }), born)
      const before = { a: { sid: '1' }, b: { sid: '2' } }
      await Promise.all([
        kept.sessions.keep(session('one', { authorizations: { ...before, c: { sid: '3' } } }), renewed(before)),
        kept.sessions.keep(session('one', { authorizations: { ...before, d: { sid: '4' } } }), renewed(before)),
        kept.sessions.keep(session('one', { authorizations: { b: { sid: '2' } } }), renewed(before)),
        kept.sessions.keep(session('one', { authorizations: { ...before, b: { sid: '9' } } }), renewed(before)),
      ])
      expect((await find('one'))?.authorizations).to.deep.equal({
        b: { sid: '9' },
        c: { sid: '3' },
        d: { sid: '4' },
      })
    })

    it('does not undo a new cookie, nor bring back a session that has ended', async () => {
      await kept.sessions.keep(session('one'), born)
      await kept.sessions.keep(session('two', { acr: 'phr' }), renewed({}))
      await kept.sessions.keep(session('one', { acr: 'mfa', authorizations: { a: { sid: '1' } } }), renewed({}))
      expect(await find('one')).to.equal(undefined)
      expect(await find('two')).to.deep.include({ acr: 'phr', authorizations: { a: { sid: '1' } } })
      expect(await kept.sessions.take('u')).to.include({ accountId: 'ada' })
      await kept.sessions.keep(session('two'), renewed({}, 'two'))
      expect(await find('two')).to.equal(undefined)
    })

    it('gives an ended session to one of its enders', async () => {
      await kept.sessions.keep(session('one'), born)
      const late = records(slow(store, 5), sealing, now).sessions
      const takers = await Promise.all(Array.from({ length: 5 }, () => late.take('u')))
      expect(takers.filter(Boolean)).to.have.lengthOf(1)
    })

    it('ends by its cookie', async () => {
      await kept.sessions.keep(session('one'), born)
      await of('Session').destroy('one')
      expect(await of('Session').findByUid('u')).to.equal(undefined)
    })
  })
})
