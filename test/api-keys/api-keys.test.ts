import { expect } from 'chai'
import { apiKeysDeclaration, limit, overlap } from '../../src/api-keys/api-keys.ts'
import { Problem } from '../../src/errors.ts'
import { apiKeyRoom, pair, publicIn, type Room } from '../support/api-keys.ts'

describe('API keys', () => {
  let room: Room
  beforeEach(async () => {
    room = await apiKeyRoom()
  })
  afterEach(() => room.close())

  const problem = async (act: Promise<unknown>) => {
    const thrown = await act.catch((fault: unknown) => fault)
    return thrown instanceof Problem ? thrown.code : thrown
  }
  const value = (key: Awaited<ReturnType<Room['make']>>['key'] | undefined, which: 'current' | 'former' = 'current') =>
    room.keys.open(key, 'hmac-sha256', which).value

  it('are kept with their secret sealed', async () => {
    const { id, secret } = await room.make()
    const stored = await room.store.collection(apiKeysDeclaration).get(id)
    expect(JSON.stringify(stored)).to.not.include(secret.slice(4))
    expect(value(stored)).to.equal(secret)
  })

  it('keep of a pair the public half', async () => {
    const { publicKey } = pair()
    const wanted = { account: 'ada', name: 'Pair', scopes: ['read' as const], addresses: [], endsAt: undefined }
    const { key, secret } = await room.keys.add(wanted, publicKey)
    expect(secret).to.equal(undefined)
    expect(publicIn(room.keys.open(key, 'ed25519', 'current'))).to.equal(publicKey)
  })

  it('are listed newest first, without those that were revoked', async () => {
    const first = await room.make()
    room.clock.pass(1)
    const second = await room.make()
    room.clock.pass(1)
    const third = await room.make()
    expect(await room.keys.revoke(second.id)).to.equal(true)
    expect(await room.keys.revoke(second.id)).to.equal(false)
    expect(await room.keys.revoke('lk_nobody')).to.equal(false)
    expect((await room.keys.of('ada')).map(each => each.id)).to.deep.equal([third.id, first.id])
    expect(await room.keys.of('bob')).to.deep.equal([])
  })

  it('forget their secret when they are revoked, and that they were after 90 days', async () => {
    const { id, secret } = await room.make()
    await room.keys.revoke(id)
    const revoked = await room.keys.get(id)
    expect(revoked?.secret).to.equal('')
    expect(value(revoked)).to.not.equal(secret)
    room.clock.pass(90 * 24 * 3_600_000)
    expect(await room.keys.get(id)).to.equal(undefined)
  })

  it('have two secrets for a day after a rotation', async () => {
    const { id, secret, key } = await room.make()
    const rotated = await room.keys.rotate(key)
    expect(value(rotated.key)).to.equal(rotated.secret)
    expect(value(rotated.key, 'former')).to.equal(secret)
    room.clock.pass(overlap)
    const later = await room.keys.get(id)
    expect(value(later)).to.equal(rotated.secret)
    expect(value(later, 'former')).to.not.equal(secret)
  })

  it('are rotated by one of several that try at once, and never once they are revoked', async () => {
    const { key } = await room.make()
    const tried = await Promise.allSettled([1, 2, 3].map(() => room.keys.rotate(key)))
    expect(tried.filter(each => each.status === 'fulfilled')).to.have.length(1)
    const now = (await room.keys.get(key.id)) ?? expect.fail()
    await room.keys.revoke(key.id)
    expect(await problem(room.keys.rotate(now))).to.equal('conflict')
  })

  it('are so many and no more, also when many are made at once', async () => {
    for (let each = 1; each < limit; each += 1) await room.make()
    const tried = await Promise.allSettled([1, 2, 3, 4].map(() => room.make()))
    expect(tried.filter(each => each.status === 'fulfilled').length).to.be.at.most(1)
    const left = limit - (await room.keys.of('ada')).length
    expect(left).to.be.within(0, 1)
    if (left === 1) await room.make()
    expect(await problem(room.make())).to.equal('limit_reached')
    const [one] = await room.keys.of('ada')
    await room.keys.revoke(one?.id ?? '')
    await room.make()
  })

  it('open as nobody’s where there is no such key, or none of that algorithm', async () => {
    const { key } = await room.make()
    expect(value(undefined)).to.match(/^[\w-]{43}$/)
    expect(value(key, 'former')).to.equal(value(undefined))
    const nobodys = publicIn(room.keys.open(undefined, 'ed25519', 'former'))
    expect(publicIn(room.keys.open(key, 'ed25519', 'current'))).to.equal(nobodys)
  })
})
