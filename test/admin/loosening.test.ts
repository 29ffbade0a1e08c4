import { expect } from 'chai'
import { loosening } from '../../src/admin/loosening.ts'
import type { Factor } from '../../src/factors/factor.ts'
import { smsCode } from '../../src/factors/sent-code.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import { type Proof, proving } from '../../src/flows/proof.ts'
import { commits } from '../support/commits.ts'
import { services } from '../support/factors.ts'
import { codeOf } from '../support/outcome.ts'
import { testStore } from '../support/store.ts'

const now = () => Date.UTC(2026, 0, 5)
const others = [
  { id: 'password', kind: 'knowledge', positions: ['first'] },
  { id: 'totp', kind: 'possession', positions: ['second'], mandatory: true },
]
const [lost, phone, third] = ['+436641000001', '+436641000002', '+436641000003']

describe('a number that two of the staff put in', () => {
  const ended: string[] = []
  let made: ReturnType<typeof commits>
  let close: () => unknown
  let held: string
  beforeEach(async () => {
    ended.length = 0
    const store = await testStore(now)
    close = () => store.close()
    made = commits({ store, now })
    const times = { createdAt: 1, updatedAt: 1 }
    await made.accounts.insert({ id: 'ada', email: 'ada@example.com', locale: 'en', status: 'active', ...times })
    held = await made.give({ account: 'ada', factor: 'sms', secret: { to: lost } })
    await made.accounts.patch('ada', { phone: lost, securityStamp: 1 })
  })
  afterEach(() => close())

  const acts = (over: object = {}) => {
    const { sealer, send } = services()
    const given = {
      ...{ ...made, emit: async () => {}, now },
      factors: [smsCode({ blind: sealer.blind, send, countries: ['AT'] }), ...others],
      sessions: { endAllOf: async (account: string) => void ended.push(account) },
      ...over,
    }
    const needingTwo = (declared: object) => declared
    type Act = { check(args: object): Promise<number>; confirmed(args: object, seen?: number): Promise<void> }
    const all = loosening(given as unknown as Parameters<typeof loosening>[0], { needingTwo } as never)
    return all as unknown as Record<'changeNumber' | 'removeFactor', Act>
  }
  const seen = (to: string) => codeOf(acts().changeNumber.check({ account: 'ada', phone: to }))
  const changed = async (to: string, over?: object) => {
    const since = await acts().changeNumber.check({ account: 'ada', phone: to })
    return codeOf(acts(over).changeNumber.confirmed({ account: 'ada', phone: to }, since))
  }
  const numbers = async () => (await made.credentials.of('ada')).map(each => each.secret)

  it('counts for no more than two steps of which one is an email, until the hold is over', async () => {
    expect(await changed(phone)).to.equal('done')
    const [kept, ...more] = await made.credentials.of('ada')
    expect([kept?.addedUnder, kept?.secret, more]).to.deep.equal(['mfa', { to: phone, unproved: true }, []])
    expect([(await made.accounts.get('ada'))?.phone, ended]).to.deep.equal([undefined, ['ada']])
  })

  it('is one of a country to which texts are sent', async () => {
    expect(await seen('+447700900123')).to.equal('phone_not_served')
    expect(await seen(phone)).to.equal('done')
  })

  it('is also read as it is dialled in the country that is named, and as E.164 whatever is named', async () => {
    const { changeNumber } = acts()
    const given = { account: 'ada', phone: '0664 1000002', country: 'AT' }
    expect(await codeOf(changeNumber.check({ ...given, country: undefined }))).to.equal('invalid_phone')
    expect(await codeOf(changeNumber.check({ ...given, country: 'XX' }))).to.equal('invalid_phone')
    expect(await codeOf(changeNumber.check({ ...given, phone: ' ' }))).to.equal('field_empty')
    expect(await codeOf(changeNumber.check({ ...given, phone, country: 'GB' }))).to.equal('done')
    await changeNumber.confirmed(given, await changeNumber.check(given))
    expect(await numbers()).to.deep.equal([{ to: phone, unproved: true }])
  })

  it('is another than the one before, proved or not', async () => {
    expect(await seen(lost)).to.equal('conflict')
    await changed(phone)
    expect([await seen(phone), await seen(third)]).to.deep.equal(['conflict', 'done'])
  })

  it('is none of an account that is closing', async () => {
    await made.accounts.patch('ada', { status: 'closing' })
    expect(await seen(phone)).to.equal('conflict')
  })

  /** A store in which the owner does this between the two reads of a confirmation: its read of the account takes longer than what is read beside it. */
  const whereMeanwhile = (owners: () => Promise<unknown>) => {
    let done: Promise<unknown> | undefined
    const of = async (account: string) => {
      const found = await made.credentials.of(account)
      done ??= owners()
      await done
      return found
    }
    const get = async (account: string) => {
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
      return made.accounts.get(account)
    }
    return { credentials: { ...made.credentials, of }, accounts: { ...made.accounts, get } }
  }
  const owner = async (wanted: { came?: string[]; went: string[]; fields?: object }) => {
    const ada = (await made.accounts.get('ada')) ?? expect.fail()
    await made.commit(ada, { ...wanted, events: [] }, { device: 'd', address: '192.0.2.7', agent: undefined })
  }

  it('does not take the place of one that its owner set up while it was confirmed', async () => {
    const over = whereMeanwhile(async () => {
      const came = await made.credentials.add({ account: 'ada', factor: 'sms', secret: { to: third } })
      await owner({ came: [came], went: [held], fields: { phone: third } })
    })
    expect(await changed(phone, over)).to.equal('conflict')
    expect([await numbers(), (await made.accounts.get('ada'))?.phone]).to.deep.equal([[{ to: third }], third])
  })

  /** Its owner proves the number that staff put in before, as a sign-in does. */
  const proves = async () => {
    const [kept] = await made.credentials.of('ada')
    const account = await made.accounts.get('ada')
    const flow = { id: 'f', account: 'ada', securityStamp: account?.securityStamp, real: true, proved: ['password'] }
    const { sealer, send } = services()
    const proof = async () => {
      await made.credentials.prove(kept ?? expect.fail(), { to: phone })
      return { credential: kept?.id, noted: Promise.resolve() }
    }
    const sms = smsCode({ blind: sealer.blind, send })
    const before = await made.credentials.of('ada')
    const proven = proving({ ...made, proof: proof as unknown as Proof, emit: async () => {}, hold: 0, now })
    const visitor = { device: 'd', address: '192.0.2.7', agent: undefined }
    await proven(flow as unknown as Flow, sms as unknown as Factor, { code: '000000' }, async () => before, visitor)
  }

  it('does not take the place of one that its owner has proved since it was proposed', async () => {
    await changed(phone)
    const since = await acts().changeNumber.check({ account: 'ada', phone: third })
    await proves()
    expect(await codeOf(acts().changeNumber.confirmed({ account: 'ada', phone: third }, since))).to.equal('conflict')
    expect([await numbers(), (await made.accounts.get('ada'))?.phone]).to.deep.equal([[{ to: phone }], phone])
    // Whoever looks at it as it is now may propose it again.
    expect(await changed(third)).to.equal('done')
  })

  it('does not take the place of one that its owner proves while it is confirmed', async () => {
    await changed(phone)
    expect(await changed(third, whereMeanwhile(proves))).to.equal('conflict')
    expect([await numbers(), (await made.accounts.get('ada'))?.phone]).to.deep.equal([[{ to: phone }], phone])
  })

  it('takes the place of one that still nobody has proved', async () => {
    await changed(phone)
    expect(await changed(third)).to.equal('done')
    expect(await numbers()).to.deep.equal([{ to: third, unproved: true }])
  })

  it('is not removed as the last method, while its owner removes the other', async () => {
    await made.give({ account: 'ada', factor: 'password', secret: {} })
    const totp = await made.give({ account: 'ada', factor: 'totp', secret: {} })
    const over = whereMeanwhile(() => owner({ went: [totp] }))
    const { removeFactor } = acts(over)
    expect(await codeOf(removeFactor.confirmed({ account: 'ada', credential: held }))).to.equal('conflict')
    expect((await made.credentials.of('ada')).map(each => each.factor)).to.have.members(['sms', 'password'])
  })
})
