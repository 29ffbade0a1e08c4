import { expect } from 'chai'
import { links } from '../../src/accounts/link.ts'
import type { Factor } from '../../src/factors/factor.ts'
import { type Disowning, disowning } from '../../src/flows/disowning.ts'
import type { Store } from '../../src/store/collection.ts'
import { commits } from '../support/commits.ts'
import { problem } from '../support/factors.ts'
import { failing } from '../support/failing.ts'
import { mailbox } from '../support/mails.ts'
import { testStore } from '../support/store.ts'

const day = 24 * 3_600_000
const visitor = { device: 'd1', address: '192.0.2.7', agent: undefined }
const factors = [
  { id: 'password', kind: 'knowledge' },
  { id: 'passkey', kind: 'possession' },
  { id: 'sms', kind: 'possession', verifiedContact: ({ to }: { to: string }) => ({ phone: to }) },
  { id: 'email', kind: 'possession', verifiedContact: ({ to }: { to: string }) => ({ email: to }) },
] as unknown as Factor[]

describe('disowning', () => {
  let at = 0
  let store: Store
  let box: ReturnType<typeof mailbox>
  let recorded: string[]
  let people: ReturnType<typeof commits>['accounts']
  let kept: ReturnType<typeof commits>['credentials']
  let made: ReturnType<typeof commits>
  let mailed: ReturnType<typeof links>
  let act: Disowning
  const now = () => at

  beforeEach(async () => {
    at = Date.UTC(2026, 0, 1)
    store = await testStore(now)
    box = mailbox()
    recorded = []
    made = commits({ store, now, hold: day, emit: async name => void recorded.push(name) })
    ;({ accounts: people, credentials: kept } = made)
    mailed = links({ store, now })
    act = disowning({
      factors,
      accounts: people,
      addresses: made.addresses,
      devices: made.devices,
      credentials: kept,
      links: mailed,
      sendMail: box.sendMail,
      commit: made.commit,
      now,
    })
    await people.insert(person('ada', 'ada@example.com'))
    at += 30 * day
  })
  afterEach(() => store.close())

  const person = (id: string, email: string) => ({
    id,
    email,
    locale: 'en',
    status: 'active' as const,
    createdAt: at,
    updatedAt: at,
  })
  const add = (factor: string, to?: string) => made.give({ account: 'ada', factor, secret: { to } })
  const left = async () => (await kept.of('ada')).map(each => each.factor)
  const link = (address: string, more: object = {}) =>
    mailed.make({ purpose: 'disown', account: 'ada', address, since: at, ...more }, 7 * day)

  it('takes away no number that staff put in lately', async () => {
    const address = await add('email', 'ada@example.com')
    const number = await add('sms', '+436641')
    const theirs = await add('sms', '+436642')
    const change = { id: 'c', at, came: [number], went: [], replaced: [], was: {} }
    const another = { ...change, id: 'd', device: 'd9', came: [theirs] }
    await people.patch('ada', { changes: [change, another] })
    await act.disown(await link(address, { since: at - day }), visitor)
    expect((await kept.of('ada')).map(each => each.id)).to.have.members([address, number])
  })

  it('can be asked for again by the same link where the process died on the way', async () => {
    const address = await add('email', 'ada@example.com')
    await add('password')
    at += day
    const bearer = await link(address)
    const died = new Error('the process died')
    const broken = failing(store)
    const dead = disowning({
      ...{ factors, accounts: people, addresses: made.addresses, devices: made.devices, credentials: kept, now },
      links: links({ store: broken.store, now }),
      sendMail: async () => {},
      commit: () => {
        broken.failAt(0, { after: false, dead: true })
        return Promise.reject(died)
      },
    })
    expect(await dead.disown(bearer, visitor).catch((fault: unknown) => fault)).to.be.an('error')
    expect(await problem(act.disown(bearer, visitor))).to.include({ code: 'busy' })
    at += 11_000
    expect(await act.disown(bearer, visitor)).to.equal('ada@example.com')
    expect(await left()).to.deep.equal(['email'])
    expect(await problem(act.disown(bearer, visitor))).to.include({ code: 'link_expired' })
  })

  it('locks the password, has apps wait, and mails a link to a new one', async () => {
    const address = await add('email', 'ada@example.com')
    await add('password')
    await add('passkey')
    at += day
    const bearer = await link(address)
    expect(await act.whose(bearer)).to.equal('ada')
    expect(await act.disown(bearer, visitor)).to.equal('ada@example.com')
    expect(await left()).to.have.members(['email', 'passkey'])
    expect(await people.get('ada')).to.include({ securityStamp: 1, holdUntil: at + day })
    expect(recorded).to.deep.equal(['account.disowned', 'hold.started'])
    expect(box.sent.map(each => each.to)).to.deep.equal(['ada@example.com'])
    expect(await mailed.look(String(box.sent[0]?.data.bearer), 'reset')).to.include({
      account: 'ada',
      securityStamp: 1,
    })
  })

  it('takes away what came with it and since, and keeps what was there before', async () => {
    const address = await add('email', 'ada@example.com')
    const old = await add('passkey')
    at += day
    const bearer = await link(address)
    await add('passkey')
    await add('sms', '+436641')
    await people.patch('ada', { phone: '+436641' })
    await act.disown(bearer, visitor)
    expect((await kept.of('ada')).map(each => each.id)).to.have.members([address, old])
    expect(await people.get('ada')).to.not.have.property('phone')
  })

  it('keeps what a new account began with, but for what is disowned itself', async () => {
    at = Date.UTC(2026, 0, 1)
    const address = await add('email', 'ada@example.com')
    await add('sms', '+436641')
    const came = await add('passkey')
    await act.disown(await link(address, { came, since: at - day }), visitor)
    expect(await left()).to.have.members(['email', 'sms'])
  })

  it('puts back the address that the link was mailed to, and makes those that took its place worth nothing', async () => {
    const address = await add('email', 'ada@example.com')
    await made.retire('ada', address)
    at += 1
    const thief = await add('email', 'thief@example.com')
    await people.patch('ada', { email: 'thief@example.com' })
    const theirs = await link(thief)
    await act.disown(await link(address), visitor)
    expect((await people.get('ada'))?.email).to.equal('ada@example.com')
    expect((await kept.of('ada')).map(each => each.id)).to.deep.equal([address])
    expect(await act.whose(theirs)).to.equal(undefined)
    expect((await problem(act.disown(theirs, visitor))).code).to.equal('link_expired')
  })

  it('is nothing by an older link where staff put another address in its place', async () => {
    const address = await add('email', 'ada@example.com')
    await people.patch('ada', { email: 'ada@example.com' })
    const bearer = await link(address)
    at += 1
    const ada = (await people.get('ada')) ?? expect.fail()
    const came = await kept.add({ account: 'ada', factor: 'email', secret: { to: 'new@example.com' } })
    const wanted = { came: [came], went: [address], fields: { email: 'new@example.com' }, events: [] }
    // Staff have no browser that the account knows.
    await made.commit(ada, wanted, {} as typeof visitor)
    expect(await act.whose(bearer)).to.equal(undefined)
    expect((await problem(act.disown(bearer, visitor))).code).to.equal('link_expired')
    // Nor by one that was made since.
    const later = await link(address)
    expect((await problem(act.disown(later, visitor))).code).to.equal('link_expired')
    expect([(await people.get('ada'))?.email, await left()]).to.deep.equal(['new@example.com', ['email']])
    expect(box.sent).to.deep.equal([])
  })

  it('locks all the same when the address has another account by now, and mails nobody', async () => {
    const address = await add('email', 'ada@example.com')
    await made.retire('ada', address)
    at += 1
    await add('email', 'thief@example.com')
    await add('password')
    await people.patch('ada', { email: 'thief@example.com' })
    await people.insert(person('other', 'ada@example.com'))
    expect((await problem(act.disown(await link(address), visitor))).code).to.equal('conflict')
    expect(await left()).to.deep.equal([])
    // Nobody is the one who receives resets: least of all whoever took the account.
    expect((await people.get('ada'))?.email).to.equal('ada@released.invalid')
    expect(box.sent).to.deep.equal([])
  })

  it('locks all the same when somebody claims the address at this very moment', async () => {
    const address = await add('email', 'ada@example.com')
    await made.retire('ada', address)
    await add('email', 'thief@example.com')
    await people.patch('ada', { email: 'thief@example.com' })
    let looked = 0
    const whose = async (email: string) => {
      looked += 1
      if (looked > 1) return made.addresses.whose(email)
      await made.addresses.claim(email, 'other')
      return undefined
    }
    const late = disowning({
      ...{ factors, accounts: people, devices: made.devices, credentials: kept, links: mailed, now },
      ...{ addresses: { ...made.addresses, whose }, sendMail: box.sendMail, commit: made.commit },
    })
    expect(await problem(late.disown(await link(address), visitor))).to.include({ code: 'conflict' })
    expect((await people.get('ada'))?.email).to.equal('ada@released.invalid')
  })

  it('is done once, by one of many presses', async () => {
    const address = await add('email', 'ada@example.com')
    const bearer = await link(address)
    const presses = await Promise.allSettled([1, 2, 3].map(() => act.disown(bearer, visitor)))
    expect(presses.filter(each => each.status === 'fulfilled')).to.have.length(1)
    expect(box.sent).to.have.length(1)
  })

  it('does nothing to an account that is closed', async () => {
    const bearer = await link(await add('email', 'ada@example.com'))
    await people.patch('ada', { status: 'closed' })
    expect(await act.whose(bearer)).to.equal(undefined)
    expect((await problem(act.disown(bearer, visitor))).code).to.equal('link_expired')
  })
})
