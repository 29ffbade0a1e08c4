import { expect } from 'chai'
import type { Accounts } from '../../src/accounts/account.ts'
import type { Credentials } from '../../src/accounts/credential.ts'
import { quota } from '../../src/accounts/quota.ts'
import { Problem } from '../../src/errors.ts'
import { type Flow, flows as flowsOf } from '../../src/flows/flow-store.ts'
import { recovering as recoveringOf } from '../../src/flows/recovering.ts'
import type { Store } from '../../src/store/collection.ts'
import { commits } from '../support/commits.ts'
import { testStore } from '../support/store.ts'

const now = () => 1_000_000
const visitor = { device: 'd', address: '192.0.2.7', agent: undefined }

describe('setting an account up afresh', () => {
  let store: Store
  let accounts: Accounts
  let credentials: Credentials
  let flow: Flow
  let done: string[]
  let made: ReturnType<typeof commits>
  beforeEach(async () => {
    store = await testStore(now)
    done = []
    made = commits({ store, now, emit: async name => void done.push(name) })
    ;({ accounts, credentials } = made)
    const times = { createdAt: 0, updatedAt: 0 }
    await accounts.insert({ id: 'ada', email: 'ada@example.com', locale: 'en', status: 'active', ...times })
    await made.give({ account: 'ada', factor: 'password', secret: 'of before' })
    const begun = { purpose: 'recover', device: 'd', locale: 'en', account: 'ada', case: '1' } as const
    flow = await flowsOf({ store, quota: quota({ store, now }), now }).draft(begun, '192.0.2.1')
  })
  afterEach(() => store.close())

  const close = () => accounts.patch('ada', { status: 'closing', securityStamp: 1 })
  const commit = async (complete: () => Promise<unknown> = async () => {}): Promise<unknown> => {
    const recover = recoveringOf({
      ...{ factors: [], accounts, addresses: made.addresses, devices: made.devices, credentials, commit: made.commit },
      complete: async () => {
        done.push('complete')
        await complete()
      },
      cutOff: async () => void done.push('cut off'),
    })
    const met = await recover(flow, [{ factor: 'password', secret: 'anew' }], visitor).catch((fault: unknown) => fault)
    return met instanceof Problem ? met.code : met
  }
  const secrets = async () => (await credentials.of('ada')).map(each => each.secret)

  it('puts what was set up in the place of what was held, and whoever was in is out', async () => {
    expect(await commit()).to.equal(1)
    expect(await secrets()).to.deep.equal(['anew'])
    expect(done).to.deep.equal(['complete', 'cut off', 'factor.enrolled', 'identity.completed', 'cut off'])
  })

  it('leaves nobody in, should the process die as soon as it is done', async () => {
    const { amend } = accounts
    accounts.amend = async (...change) => {
      await amend(...change)
      throw new Error('died')
    }
    expect(await commit())
      .to.be.an('error')
      .with.property('message', 'died')
    expect(await secrets()).to.deep.equal(['anew'])
    expect(done).to.deep.equal(['complete', 'cut off'])
  })

  it('uses no check up for an account that closes', async () => {
    await close()
    expect(await commit()).to.equal('attempt_expired')
    expect([await secrets(), done]).to.deep.equal([['of before'], []])
  })

  it('leaves nothing behind with an account that closes at that moment', async () => {
    expect(await commit(close)).to.equal('attempt_expired')
    expect([await secrets(), done]).to.deep.equal([['of before'], ['complete']])
  })
})
