import { expect } from 'chai'
import { Problem } from '../../src/errors.ts'
import { sessionRecords } from '../../src/records/session-records.ts'
import type { Store } from '../../src/store/collection.ts'
import { slow, testStore } from '../support/store.ts'

const seconds = (at: number) => Math.floor(at / 1000)

describe('two sign-ins at once in one session', () => {
  let store: Store
  let records: ReturnType<typeof sessionRecords>
  const at = Date.now()
  beforeEach(async () => {
    store = await testStore()
    records = sessionRecords(slow(store, 3))
    const born = { jti: 'old', uid: 's', exp: seconds(at) + 3_600, kind: 'Session' }
    await records.keep(born, { born: true, from: 'old', apps: {} })
  })
  afterEach(() => store.close())

  const signIn = (jti: string, accountId: string, acr: string, loginTs: number) => {
    const session = { ...{ jti, uid: 's', exp: seconds(at) + 3_600, kind: 'Session' }, ...{ accountId, acr, loginTs } }
    return records.keep({ ...session, stamp: 3 }, { born: false, from: 'old', apps: {} })
  }
  const kept = async () => (await records.adapter.findByUid('s')) ?? expect.fail('the session is gone')

  it('both count, and the browser keeps the cookie of the first', async () => {
    expect(await signIn('first', 'ada', 'mfa', seconds(at))).to.equal(true)
    expect(await signIn('second', 'ada', 'phr', seconds(at) + 1)).to.equal(false)
    expect(await kept()).to.include({ accountId: 'ada', acr: 'phr', loginTs: seconds(at) + 1, stamp: 3 })
    expect(await records.adapter.find('second')).to.equal(undefined)
    expect(await records.adapter.find('first')).to.include({ acr: 'phr' })
  })

  it('leave the session to one of two people', async () => {
    const both = await Promise.allSettled([
      signIn('first', 'ada', 'mfa', seconds(at)),
      signIn('second', 'bob', 'mfa', seconds(at)),
    ])
    const refused = both.filter(each => each.status === 'rejected')
    expect(refused).to.have.length(1)
    expect(refused[0]?.reason).to.be.instanceOf(Problem).and.to.include({ code: 'conflict' })
    expect((await kept()).accountId).to.equal(both[0]?.status === 'fulfilled' ? 'ada' : 'bob')
  })

  it('is none of them where a request only went on with the former cookie', async () => {
    await signIn('first', 'ada', 'mfa', seconds(at))
    const late = { jti: 'old', uid: 's', exp: seconds(at) + 60, kind: 'Session' }
    expect(await records.keep(late, { born: false, from: 'old', apps: {} })).to.equal(false)
    expect(await kept()).to.include({ accountId: 'ada', acr: 'mfa' })
  })
})
