import { expect } from 'chai'
import { accounts } from '../../src/accounts/account.ts'
import { refusals } from '../../src/api-keys/scheme.ts'
import { InvalidVerifyRequest } from '../../src/api-keys/verify-request.ts'
import { apiKeyRoom, type Room } from '../support/api-keys.ts'
import { type Held, nonce, type Question, signExchange, signQuery, signRfc9421 } from '../support/signing.ts'
import { slow } from '../support/store.ts'

const hundred = Array.from({ length: 100 }, (_, index) => index)

describe('verification', () => {
  let room: Room
  let key: Held
  beforeEach(async () => {
    room = await apiKeyRoom()
    key = await room.make()
  })
  afterEach(() => room.close())

  const verify = (question: object) => room.verification.verify(question, 'order-book', { address: '192.0.2.1' })
  const reason = async (question: object) => {
    const verdict = await verify(question)
    return verdict.active ? 'active' : verdict.reason
  }
  const at = () => room.clock.now()
  const order = { method: 'private/create-order', params: { price: '10', quantity: '2' } }
  const signers: [string, (held: Held, when?: number) => Question][] = [
    ['rfc9421', (held, when = at()) => signRfc9421(held, { body: '{"price":"10"}' }, { at: when })],
    ['exchange', (held, when = at()) => signExchange(held, order, { at: when })],
    ['query', (held, when = at()) => signQuery(held, { body: 'price=10' }, { at: when })],
  ]

  for (const [scheme, sign] of signers) {
    describe(`of the scheme ${scheme}`, () => {
      it('lets a request pass, once', async () => {
        const question = sign(key)
        expect(await verify(question)).to.deep.equal({
          active: true,
          sub: 'ada',
          key_id: key.id,
          scope: 'read trade',
          expires_at: null,
        })
        expect(await reason(question)).to.equal('DUPLICATE_REQUEST')
        room.clock.pass(4_000)
        expect(await reason(question)).to.equal('DUPLICATE_REQUEST')
      })

      it('lets exactly one of a hundred parallel copies pass, however slow the store', async () => {
        await room.close()
        room = await apiKeyRoom(store => slow(store, 5))
        key = await room.make()
        const question = sign(key)
        const reasons = await Promise.all(hundred.map(() => reason(question)))
        expect(reasons.filter(each => each === 'active')).to.have.length(1)
        expect(reasons.filter(each => each === 'DUPLICATE_REQUEST')).to.have.length(99)
        expect(await reason(sign(key, at() - 1_000))).to.equal('active')
      })

      it('takes what was signed within its window, and not before or after', async () => {
        const [behind, ahead] = scheme === 'query' ? [5_000, 999] : [60_000, 60_000]
        for (const when of [at() - behind, at() + ahead]) expect(await reason(sign(key, when))).to.equal('active')
        const step = scheme === 'rfc9421' ? 1_000 : 1
        for (const when of [at() - behind - step, at() + ahead + step])
          expect(await reason(sign(key, when))).to.equal('INVALID_NONCE')
      })

      it('holds a signature against as many keys whether the key is unknown or the signature wrong', async () => {
        const rotated = await room.make()
        const account = await accounts(room.store).get('ada')
        await room.owner.rotate(account ?? expect.fail(), rotated.id, undefined, {})
        const revoked = await room.make()
        await room.keys.revoke(revoked.id)
        const wrong = { ...key, secret: 'lks_another' }
        const each: [Held, string][] = [
          [{ id: 'lk_nobody', secret: 'lks_another' }, 'UNKNOWN_KEY'],
          [wrong, 'INVALID_SIGNATURE'],
          [{ ...wrong, id: rotated.id }, 'INVALID_SIGNATURE'],
          [{ ...wrong, id: revoked.id }, 'KEY_REVOKED'],
        ]
        for (const [held, why] of each) {
          room.tries = 0
          expect(await reason(sign(held))).to.equal(why)
          expect(room.tries, why).to.equal(2)
        }
        room.tries = 0
        expect(await reason(sign(key))).to.equal('active')
        expect(room.tries).to.equal(1)
      })

      it('burns nobody’s nonce for a signature that is wrong', async () => {
        const question = sign(key)
        const forged = JSON.parse(JSON.stringify(question).replace(/([0-9a-f]{64})/, '0'.repeat(64)))
        if (scheme === 'rfc9421') forged.headers.signature = `sig1=:${Buffer.alloc(32).toString('base64')}:`
        expect(await reason(forged)).to.equal('INVALID_SIGNATURE')
        expect(await reason(question)).to.equal('active')
      })
    })
  }

  it('goes in order: the first that is wrong is told', async () => {
    const bound = await room.make({ addresses: ['203.0.113.0/24'], endsAt: at() + 1_000 })
    const late = at() - 100_000
    const forged = (when: number) => signRfc9421({ ...bound, secret: 'lks_x' }, {}, { at: when })
    const inside = { address: '203.0.113.9' }
    expect(await reason({ ...forged(late), headers: {} })).to.equal('BAD_REQUEST')
    expect(await reason(forged(late))).to.equal('ADDRESS_NOT_ALLOWED')
    expect(await reason({ ...forged(late), ...inside })).to.equal('INVALID_NONCE')
    expect(await reason({ ...forged(at()), ...inside })).to.equal('INVALID_SIGNATURE')
    const altered = { ...signRfc9421(bound, { body: 'a' }, { at: at() }), ...inside, body: 'b' }
    expect(await reason(altered)).to.equal('DIGEST_MISMATCH')
    const good = { ...signRfc9421(bound, {}, { at: at() }), ...inside, scope: 'transfer' }
    expect(await reason(good)).to.equal('INSUFFICIENT_SCOPE')
    expect(await reason(good)).to.equal('DUPLICATE_REQUEST')
    room.clock.pass(1_000)
    expect(await reason({ ...forged(late), ...inside })).to.equal('KEY_EXPIRED')
    await room.keys.revoke(bound.id)
    expect(await reason({ ...forged(late), ...inside })).to.equal('KEY_REVOKED')
  })

  it('refuses a key of the other algorithm', async () => {
    const own = await room.make({ pair: true })
    expect(await reason(signRfc9421({ ...key, id: own.id }, {}, { at: at() }))).to.equal('WRONG_ALGORITHM')
    expect(await reason(signRfc9421({ ...own, id: key.id }, {}, { at: at() }))).to.equal('WRONG_ALGORITHM')
    expect(await reason(signQuery({ ...key, id: own.id }, {}, { at: at() }))).to.equal('WRONG_ALGORITHM')
    expect(await reason(signRfc9421(own, {}, { at: at() }))).to.equal('active')
  })

  it('says until when what cannot be undone has to wait, as tokens do', async () => {
    const until = at() + 1_500
    await accounts(room.store).patch('ada', { holdUntil: until })
    const asked = () => verify(signRfc9421(key, {}, { at: at() }))
    expect(await asked()).to.include({ active: true, hold_until: Math.ceil(until / 1000) })
    room.clock.pass(1_500)
    expect(await asked())
      .to.include({ active: true })
      .and.not.have.property('hold_until')
  })

  it('refuses the keys of an account that is closed', async () => {
    await accounts(room.store).patch('ada', { status: 'closed' })
    expect(await reason(signRfc9421(key, {}, { at: at() }))).to.equal('KEY_REVOKED')
  })

  it('gives each failure its own code', () => {
    const codes = Object.values(refusals)
    expect(new Set(codes).size).to.equal(codes.length)
    expect(refusals).to.include({ INVALID_NONCE: 40102, DUPLICATE_REQUEST: 40006 })
  })

  it('notes the last use once a minute', async () => {
    const use = async (address: string) => {
      await verify({ ...signRfc9421(key, {}, { at: at() }), address })
      const found = await room.keys.get(key.id)
      return [found?.usedAt, found?.usedFrom]
    }
    const first = at()
    expect(await use('192.0.2.7')).to.deep.equal([first, '192.0.2.7'])
    room.clock.pass(59_000)
    expect(await use('192.0.2.8')).to.deep.equal([first, '192.0.2.7'])
    room.clock.pass(1_000)
    expect(await use('::ffff:192.0.2.9')).to.deep.equal([first + 60_000, '192.0.2.9'])
  })

  it('records what fails, and of a flood only the beginning', async () => {
    const wrong = () => ({ ...signRfc9421({ ...key, secret: 'lks_x' }, {}, { at: at() }), address: '198.51.100.6' })
    for (let each = 0; each < 15; each += 1) await verify(wrong())
    const of = (name: string) => room.told.filter(each => each.name === name)
    expect(of('api-key.used-wrongly')).to.have.length(10)
    expect(of('api-key.used-wrongly')[0]).to.deep.equal({
      name: 'api-key.used-wrongly',
      data: { account: 'ada', key: key.id, client: 'order-book', scheme: 'rfc9421', reason: 'INVALID_SIGNATURE' },
      origin: { address: '198.51.100.6' },
    })
    expect(of('api-key.throttled')).to.have.length(1)
    expect(of('api-key.refused').map(each => each.data.reason)).to.deep.equal(Array(5).fill('TOO_MANY_FAILURES'))
    expect(room.mailed).to.deep.equal([
      {
        name: 'key-misused',
        to: 'ada@example.com',
        locale: 'en',
        data: { key: 'Bot', id: key.id, address: '198.51.100.6' },
      },
    ])
    room.told.length = 0
    for (let each = 0; each < 15; each += 1)
      await verify({ ...signRfc9421({ id: `lk_${each}`, secret: 'x' }, {}, { at: at() }), address: '198.51.100.7' })
    expect(of('api-key.used-wrongly')).to.have.length(10)
    expect(of('api-key.refused')).to.have.length(5)
    expect(of('api-key.throttled')).to.have.length(0)
  })

  it('writes to the owner of a key that is attacked from everywhere once an hour', async () => {
    const attack = async (address: string) => {
      for (let each = 0; each < 10; each += 1)
        await verify({ ...signRfc9421({ ...key, secret: 'lks_x' }, {}, { at: at() }), address })
    }
    await attack('198.51.100.6')
    await attack('198.51.100.7')
    expect(room.mailed).to.have.length(1)
    room.clock.pass(3_600_000)
    await attack('198.51.100.8')
    expect(room.mailed).to.have.length(2)
  })

  it('closes a key to nobody for what its holder signed', async () => {
    const question = { ...signRfc9421(key, {}, { at: at() }), address: '192.0.2.7' }
    await verify(question)
    for (let each = 0; each < 20; each += 1) expect(await reason(question)).to.equal('DUPLICATE_REQUEST')
    for (let each = 0; each < 20; each += 1) {
      const more = { ...signRfc9421(key, {}, { at: at(), nonce: nonce() }), address: '192.0.2.7', scope: 'transfer' }
      expect(await reason(more)).to.equal('INSUFFICIENT_SCOPE')
    }
    expect(await reason({ ...signRfc9421(key, {}, { at: at() }), address: '192.0.2.7' })).to.equal('active')
    expect(room.mailed).to.deep.equal([])
  })

  it('says when the question itself is wrong', async () => {
    const question = signRfc9421(key, {}, { at: at() })
    const wrong = [undefined, null, 'x', [], {}, { ...question, surprise: 1 }, { ...question, scheme: 'none' }]
    for (const each of wrong) {
      const thrown = await verify(each as object).catch((fault: unknown) => fault)
      expect(thrown).to.be.instanceOf(InvalidVerifyRequest)
    }
  })
})
