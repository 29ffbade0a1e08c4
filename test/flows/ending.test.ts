import { expect } from 'chai'
import { quota } from '../../src/accounts/quota.ts'
import type { Problem } from '../../src/errors.ts'
import { endsAtOnce, unsavedEnd } from '../../src/flows/ending.ts'
import { type Flow, flows } from '../../src/flows/flow-store.ts'
import { testStore } from '../support/store.ts'

describe('the end of a flow that is done and not saved', () => {
  const begun = async () => {
    const store = await testStore()
    const kept = flows({ store, quota: quota({ store, now: Date.now }), now: Date.now })
    const flow = { purpose: 'sign-in', device: 'd', locale: 'en', account: 'ada' } as const
    const draft = await kept.draft(flow, '192.0.2.1')
    return { kept, flow: await kept.save(draft), close: () => store.close() }
  }
  const faultOf = (act: Promise<unknown>) =>
    act.then(
      () => undefined,
      (fault: Problem) => fault.code ?? fault.message,
    )

  it('is taken once, of several at once', async () => {
    const { kept, flow, close } = await begun()
    const faults = await Promise.all([1, 2, 3].map(() => faultOf(unsavedEnd(kept, flow, undefined).take())))
    expect(faults.filter(each => each === undefined)).to.have.lengthOf(1)
    expect(faults.filter(each => each === 'attempt_expired')).to.have.lengthOf(2)
    await close()
  })

  it('is nobody’s where another request carried the flow on, or where the proof could not be written down', async () => {
    const { kept, flow, close } = await begun()
    await kept.save({ ...flow, locale: 'de' })
    expect(await faultOf(unsavedEnd(kept, flow, undefined).take())).to.equal('attempt_expired')
    expect(await faultOf(kept.get(flow.id, 'd'))).to.equal('attempt_expired')
    await close()
    const other = await begun()
    const noted = Promise.reject(new Error('not written'))
    expect(await faultOf(unsavedEnd(other.kept, other.flow, noted).take())).to.equal('not written')
    expect(await faultOf(other.kept.get(other.flow.id, 'd'))).to.equal('attempt_expired')
    await other.close()
  })

  it('can be saved after all, unless another request carried the flow on', async () => {
    const { kept, flow, close } = await begun()
    const done = { ...flow, done: { acr: 'aal2' as const, amr: ['pwd', 'otp'] } }
    await unsavedEnd(kept, done, undefined).save()
    expect((await kept.get(flow.id, 'd')).done?.acr).to.equal('aal2')
    expect(await faultOf(unsavedEnd(kept, done, undefined).save())).to.equal('conflict')
    await close()
  })

  it('is that of a plain sign-in alone', () => {
    const allowed = { ruling: 'allow' as const, why: [] }
    const plain = { purpose: 'sign-in', account: 'ada', enrolled: [] as string[], verdict: allowed } as unknown as Flow
    expect(endsAtOnce(plain)).to.equal(true)
    const others: Partial<Flow>[] = [
      { purpose: 'step-up' },
      { account: undefined },
      { interaction: 'uid' },
      { session: 'uid' },
      { within: 'uid' },
      { action: { id: 'export', args: {} } },
      { trust: true },
      { confirmed: true },
      { enrolled: ['totp'] },
      { verdict: { ruling: 'tell', why: ['new-device'] } },
      { verdict: undefined },
    ]
    for (const more of others) expect(endsAtOnce({ ...plain, ...more }), JSON.stringify(more)).to.equal(false)
  })
})
