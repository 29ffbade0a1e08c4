import { Readable } from 'node:stream'
import { expect } from 'chai'
import type { Receive } from '../../src/account-recovery/submission.ts'
import type { Store } from '../../src/store/collection.ts'
import { jpeg } from '../support/identity.ts'
import { codeOf } from '../support/outcome.ts'
import { testStore } from '../support/store.ts'
import { desk, visitor } from './desk.ts'

const ten = Array.from({ length: 10 }, (_, index) => index)

describe('handing in documents', () => {
  const at = Date.UTC(2026, 0, 1)
  let store: Store
  beforeEach(async () => {
    store = await testStore(() => at)
  })
  afterEach(() => store.close())

  it('is rationed: by case, by visitor, and by all together, so that nobody fills the disk', async () => {
    const quick = await desk(store, () => at)
    const sending = async (contact: string, address: string, receive: Receive) => {
      await quick.submissions.ask({ email: contact, contact: '' }, 'en', { ...visitor, address })
      return codeOf(quick.submissions.send(quick.bearer(), { ...visitor, address }, receive))
    }
    const nothing: Receive = async () => ({ story: '' })
    const whole: Receive = async keep => {
      await keep({ name: 'a.jpg', declared: '', content: Readable.from([jpeg()]) })
      return { story: 'Lost.' }
    }
    const one = await Promise.all(
      ten.map(() => sending('x@example.com', '192.0.2.1', nothing).catch(({ code }) => code)),
    )
    expect(one).to.include('slow_down')
    // What is refused is not kept, and keeps nobody else out.
    const met = async (receive: Receive, from: string) => {
      const all = []
      for (let each = 0; each < 301; each++)
        all.push(await sending(`${from}${each}@example.com`, `2001:db8:${each.toString(16)}::1`, receive))
      return all
    }
    expect(new Set(await met(nothing, 'y'))).to.deep.equal(new Set(['invalid_story']))
    const many = await met(whole, 'z')
    expect(new Set(many.slice(0, 300))).to.deep.equal(new Set(['done']))
    expect(many.at(-1)).to.equal('slow_down')
  })
})
