import { expect } from 'chai'
import { type Account, accounts } from '../../src/accounts/account.ts'
import { type ApiKeyForm, parseForm } from '../../src/api-keys/api-key-form.ts'
import { Problem } from '../../src/errors.ts'
import { typedKey } from '../../src/web/api-key-pages.ts'
import { apiKeyRoom, pair, publicIn, type Room } from '../support/api-keys.ts'

const now = Date.UTC(2026, 2, 3, 9, 41)
const typed = (body: Record<string, unknown>) => typedKey({ request: { body: { name: 'Bot', ...body } } } as never)
const read = (body: Record<string, unknown>) => parseForm(typed(body), now)
const problem = (act: () => unknown): Problem => {
  try {
    act()
  } catch (fault) {
    if (fault instanceof Problem) return fault
    throw fault
  }
  throw new Error('it was taken')
}

describe('the form of a new API key', () => {
  it('is read from what they typed', () => {
    expect(
      read({ name: '  Bot ', scope: ['trade', 'read'], addresses: ' 192.0.2.7,2001:db8::1/64\n192.0.2.7 ' }),
    ).to.deep.equal({
      name: 'Bot',
      scopes: ['read', 'trade'],
      addresses: ['192.0.2.7', '2001:db8::/64'],
      endsAt: undefined,
      publicKey: undefined,
    })
  })

  it('is reading, unless they say otherwise', () => {
    expect(read({}).scopes).to.deep.equal(['read'])
    expect(read({ scope: 'trade' }).scopes).to.deep.equal(['trade'])
    expect(read({ scope: 'read trade' }).scopes).to.deep.equal(['read', 'trade'])
  })

  it('ends with the last day', () => {
    expect(read({ expires: '2026-03-03' }).endsAt).to.equal(Date.UTC(2026, 2, 4))
    expect(read({ expires: '2028-02-29' }).endsAt).to.equal(Date.UTC(2028, 2, 1))
  })

  it('takes a public key of theirs', () => {
    const { publicKey } = pair()
    expect(read({ public_key: ` ${publicKey} ` }).publicKey).to.equal(publicKey)
  })

  const wrong: [string, Record<string, unknown>, string, string][] = [
    ['no name', { name: '' }, 'invalid_name', 'name'],
    ['a name that is no text', { name: ['Bot'] }, 'invalid_name', 'name'],
    ['a name of spaces', { name: '   ' }, 'invalid_name', 'name'],
    ['a name of 61 characters', { name: 'x'.repeat(61) }, 'invalid_name', 'name'],
    ['a name of two lines', { name: 'Bot\nPay here' }, 'invalid_name', 'name'],
    ['a name that runs backwards', { name: 'Bot\u202etoB' }, 'invalid_name', 'name'],
    ['an unknown scope', { scope: 'admin' }, 'invalid_scope', 'scope'],
    ['a scope that every object has', { scope: ['read', 'constructor'] }, 'invalid_scope', 'scope'],
    ['transfer from anywhere', { scope: 'transfer' }, 'addresses_needed', 'addresses'],
    ['an address that is none', { addresses: '192.0.2.7 home' }, 'invalid_addresses', 'addresses'],
    ['everywhere as an address', { scope: 'transfer', addresses: '0.0.0.0/0' }, 'invalid_addresses', 'addresses'],
    [
      '51 addresses',
      { addresses: Array.from({ length: 51 }, (_, at) => `192.0.2.${at}`).join(' ') },
      'too_many_addresses',
      'addresses',
    ],
    ['a day that has passed', { expires: '2026-03-02' }, 'invalid_expiry', 'expires'],
    ['a day that there is not', { expires: '2027-02-30' }, 'invalid_expiry', 'expires'],
    ['no day', { expires: 'soon' }, 'invalid_expiry', 'expires'],
    ['a public key that is none', { public_key: 'x' }, 'invalid_public_key', 'public_key'],
  ]
  for (const [what, fields, code, field] of wrong) {
    it(`is refused: ${what}`, () => expect(problem(() => read(fields))).to.include({ code, field }))
  }

  it('says which address is none, cut short', () => {
    const { values } = problem(() => read({ addresses: `192.0.2.7 ${'x'.repeat(500)}` }))
    expect(values.entry).to.equal('x'.repeat(60))
  })
})

describe('the owner of API keys', () => {
  let room: Room
  let ada: Account
  beforeEach(async () => {
    room = await apiKeyRoom()
    ada = (await accounts(room.store).get('ada')) ?? expect.fail()
  })
  afterEach(() => room.close())

  const origin = { address: '192.0.2.1' }
  const form: ApiKeyForm = {
    name: 'Bot',
    scopes: ['read'],
    addresses: ['192.0.2.7'],
    endsAt: undefined,
    publicKey: undefined,
  }
  const code = async (act: Promise<unknown>) => {
    const thrown = await act.catch((fault: unknown) => fault)
    return thrown instanceof Problem ? thrown.code : thrown
  }

  it('is told of every change by mail, with when, on which device and where, and each is an event', async () => {
    ada = { ...ada, profile: { ...ada.profile, zone: 'Asia/Tokyo' } } as Account
    const { key } = await room.owner.make(ada, form, origin)
    await room.owner.rename(ada, key.id, ' Robot ', origin)
    await room.owner.rename(ada, key.id, 'Robot', origin)
    await room.owner.rotate(ada, key.id, undefined, origin)
    await room.owner.revoke(ada, key.id, origin)
    const about = { key: 'Robot', id: key.id }
    const to = { to: ada.email, locale: ada.locale }
    const seen = { when: '2026-03-03T09:41:00.000Z Asia/Tokyo', device: 'device in en', place: 'near 192.0.2.1' }
    expect(room.mailed).to.deep.equal([
      {
        name: 'key-created',
        ...to,
        data: { key: 'Bot', id: key.id, scopes: 'read', addresses: '192.0.2.7', ...seen },
      },
      { name: 'key-renamed', ...to, data: { ...about, former: 'Bot', ...seen } },
      { name: 'key-rotated', ...to, data: { ...about, hours: 24, ...seen } },
      { name: 'key-revoked', ...to, data: { ...about, ...seen } },
    ])
    const what = { account: 'ada', key: key.id }
    expect(room.told).to.deep.equal([
      { name: 'api-key.created', data: { ...what, scopes: ['read'], algorithm: 'hmac-sha256', addresses: 1 }, origin },
      { name: 'api-key.renamed', data: what, origin },
      { name: 'api-key.rotated', data: what, origin },
      { name: 'api-key.revoked', data: what, origin },
    ])
  })

  it('is not told where staff or a recovery were that revoked all keys', async () => {
    const { key } = await room.owner.make(ada, form, origin)
    await room.owner.revokeAll('ada', origin)
    expect(room.mailed.at(-1)).to.deep.include({ name: 'key-revoked', data: { key: 'Bot', id: key.id } })
  })

  it('has apps wait when a key that moves money is made, and not for another', async () => {
    await room.owner.make(ada, form, origin)
    const holds = () => room.told.filter(({ name }) => name === 'hold.started')
    expect(holds()).to.be.empty
    await room.owner.make(ada, { ...form, scopes: ['read', 'transfer'] }, origin)
    expect(holds()).to.have.length(1)
    const [{ data }] = holds() as [(typeof room.told)[0]]
    expect(data).to.deep.equal({ account: 'ada', until: room.clock.now() + 24 * 3_600_000 })
    expect((await accounts(room.store).get('ada'))?.holdUntil).to.equal(data.until)
  })

  it('has apps wait when such a key gets another secret, too', async () => {
    const { key } = await room.owner.make(ada, { ...form, scopes: ['transfer'] }, origin)
    const plain = await room.owner.make(ada, form, origin)
    room.clock.pass(48 * 3_600_000)
    const until = async () => (await accounts(room.store).get('ada'))?.holdUntil ?? 0
    await room.owner.rotate(ada, plain.key.id, undefined, origin)
    expect(await until()).to.be.below(room.clock.now())
    await room.owner.rotate(ada, key.id, undefined, origin)
    expect(await until()).to.equal(room.clock.now() + 24 * 3_600_000)
  })

  it('loses every key at once when all are revoked, and is told of each', async () => {
    const made = [await room.owner.make(ada, form, origin), await room.owner.make(ada, form, origin)]
    await room.owner.revokeAll('ada', origin)
    expect(await room.owner.keys('ada')).to.be.empty
    const revoked = room.mailed.filter(({ name }) => name === 'key-revoked')
    expect(revoked).to.have.length(made.length)
    await room.owner.revokeAll('nobody', origin)
  })

  it('keeps no key that was being made while all were revoked', async () => {
    // Whoever revokes all has changed what protects the account first.
    await accounts(room.store).raiseStamp('ada', undefined)
    expect(await code(room.owner.make(ada, form, origin))).to.equal('conflict')
    expect(await room.owner.keys('ada')).to.be.empty
    expect(await code(room.owner.make({ ...ada, securityStamp: 1 }, form, origin))).to.have.property('key')
    await accounts(room.store).patch('ada', { status: 'closing' })
    expect(await code(room.owner.make({ ...ada, securityStamp: 1 }, form, origin))).to.equal('conflict')
    expect(await room.owner.keys('ada')).to.have.length(1)
  })

  it('is nobody else', async () => {
    const { key } = await room.owner.make(ada, form, origin)
    const eve = { ...ada, id: 'eve' }
    for (const id of [key.id, 'lk_nobody', '__proto__']) {
      expect(await code(room.owner.rename(eve, id, 'Mine', origin))).to.equal('not_found')
      expect(await code(room.owner.rotate(eve, id, undefined, origin))).to.equal('not_found')
      expect(await code(room.owner.revoke(eve, id, origin))).to.equal('not_found')
    }
    await room.owner.revoke(ada, key.id, origin)
    expect(await code(room.owner.revoke(ada, key.id, origin))).to.equal('not_found')
    expect(await code(room.owner.rename(ada, key.id, 'Back', origin))).to.equal('not_found')
  })

  it('gives a new public key to a pair, and to nothing else', async () => {
    const [first, second] = [pair(), pair()]
    const own = (await room.owner.make(ada, { ...form, publicKey: first.publicKey }, origin)).key
    const secret = (await room.owner.make(ada, form, origin)).key
    expect(await code(room.owner.rotate(ada, own.id, undefined, origin))).to.equal('invalid_public_key')
    expect(await code(room.owner.rotate(ada, secret.id, second.publicKey, origin))).to.equal('invalid_public_key')
    const rotated = await room.owner.rotate(ada, own.id, second.publicKey, origin)
    expect(rotated.secret).to.equal(undefined)
    expect(publicIn(room.keys.open(rotated.key, 'ed25519', 'former'))).to.equal(first.publicKey)
  })

  it('makes fifty keys a day at most', async () => {
    for (let each = 0; each < 50; each += 1) {
      const { key } = await room.owner.make(ada, form, origin)
      await room.keys.revoke(key.id)
    }
    expect(await code(room.owner.make(ada, form, origin))).to.equal('slow_down')
  })

  it('is not written to once the account is closed', async () => {
    const { key } = await room.make()
    await accounts(room.store).patch('ada', { status: 'closed' })
    await room.owner.warn(key, '192.0.2.7')
    expect(room.mailed).to.deep.equal([])
  })
})
