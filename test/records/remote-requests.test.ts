import { expect } from 'chai'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { mutes } from '../../src/records/consents.ts'
import { type RemoteRequests, remoteRequests } from '../../src/records/remote-requests.ts'
import type { Store } from '../../src/store/collection.ts'
import { testStore } from '../support/store.ts'
import { watched } from '../support/watched.ts'

const secret = 'a secret of thirty-two characters or more'
const minute = 60_000

describe('requests from elsewhere', () => {
  let time: number
  const now = () => time
  let store: Store
  let kept: RemoteRequests
  beforeEach(async () => {
    time = Date.now()
    store = await testStore(now)
    kept = remoteRequests(store, sealer(keyring([secret])), now)
  })
  afterEach(() => store.close())

  const device = (bearer: string, userCode: string) =>
    kept.adapter.upsert(bearer, { kind: 'DeviceCode', clientId: 'tv', userCode, params: { scope: 'openid' } }, 300)
  const asked = (bearer: string, accountId: string, more: Record<string, unknown> = {}) =>
    kept.adapter.upsert(
      bearer,
      { kind: 'BackchannelAuthenticationRequest', clientId: 'shop', accountId, params: more },
      300,
    )

  it('keeps nothing that anybody could poll with, enter or ping with', async () => {
    const { store: seen, written } = watched(store)
    const watching = remoteRequests(seen, sealer(keyring([secret])), now)
    const params = { client_notification_token: 'the-apps-token' }
    await watching.adapter.upsert('the-bearer', { kind: 'DeviceCode', userCode: 'THECODE', params }, 300)
    for (const each of ['the-bearer', 'THECODE', 'the-apps-token']) expect(written()).to.not.include(each)
  })

  it('finds a device by its code, and a person’s requests by the person, oldest first', async () => {
    await device('d1', 'ABCD')
    await asked('b1', 'ada')
    time += 1
    await asked('b2', 'ada')
    await asked('b3', 'bob')
    expect((await kept.byUserCode('ABCD'))?.client).to.equal('tv')
    expect(await kept.byUserCode('ABCE')).to.equal(undefined)
    expect((await kept.of('ada')).map(each => each.at)).to.deep.equal([time - 1, time])
  })

  it('shows nobody what has run out or was answered, and tells who polls of it for a while', async () => {
    await asked('b1', 'ada')
    const [request] = await kept.of('ada')
    expect(await kept.answer(request?.id ?? '', { error: 'access_denied' })).to.deep.equal({ ping: undefined })
    expect(await kept.answer(request?.id ?? '', { grantId: 'g' })).to.equal(undefined)
    expect(await kept.of('ada')).to.deep.equal([])
    expect(await kept.adapter.find('b1')).to.include({ error: 'access_denied' })
    await device('d1', 'ABCD')
    time += 5 * minute
    expect(await kept.byUserCode('ABCD')).to.equal(undefined)
    expect(await kept.adapter.find('d1')).to.include({ clientId: 'tv' })
    time += 15 * minute
    expect(await kept.adapter.find('d1')).to.equal(undefined)
  })

  it('gives the app’s token for a ping to who answers, once', async () => {
    await asked('b1', 'ada', { client_notification_token: 'for-the-ping' })
    const [request] = await kept.of('ada')
    const answers = await Promise.all([1, 2, 3].map(() => kept.answer(request?.id ?? '', { grantId: 'g' })))
    const told = answers.filter(each => each !== undefined)
    expect(told).to.deep.equal([{ ping: { auth_req_id: 'b1', token: 'for-the-ping' } }])
  })

  it('calls a poll early that comes before its time, which grows by five seconds each', async () => {
    await device('d1', 'ABCD')
    const polled = async (after: number) => {
      time += after
      return kept.polled('d1')
    }
    expect([await polled(0), await polled(5_000), await polled(4_100), await polled(3_000)]).to.deep.equal([
      false,
      false,
      false,
      true,
    ])
    expect([await polled(8_900), await polled(14_100)]).to.deep.equal([true, false])
    expect(await kept.polled('unknown')).to.equal(false)
  })

  it('mutes an app for one person alone', async () => {
    const { has, refused } = mutes(store, now)
    await refused('ada', 'shop', false)
    expect(await has('ada', 'shop')).to.equal(false)
    await refused('ada', 'shop', false)
    expect([await has('ada', 'shop'), await has('bob', 'shop'), await has('ada', 'till')]).to.deep.equal([
      true,
      false,
      false,
    ])
    time += 60 * minute
    expect(await has('ada', 'shop')).to.equal(false)
  })
})
