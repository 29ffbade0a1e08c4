import { expect } from 'chai'
import { failures as failuresOf } from '../../src/accounts/failures.ts'
import { postage } from '../../src/accounts/postage.ts'
import { throttle as throttleOf } from '../../src/accounts/throttle.ts'
import type { Problem } from '../../src/errors.ts'
import type { Factor, Subject } from '../../src/factors/factor.ts'
import { smsCode } from '../../src/factors/sent-code.ts'
import { asking } from '../../src/flows/asking.ts'
import { challenges } from '../../src/flows/challenge.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import type { Store } from '../../src/store/collection.ts'
import { commits } from '../support/commits.ts'
import { services } from '../support/factors.ts'
import { testStore } from '../support/store.ts'

const to = '+436641234567'

describe('the texts of sign-ins to one number', () => {
  let store: Store
  let flows = 0
  const now = () => Date.UTC(2026, 0, 1)
  beforeEach(async () => {
    store = await testStore(now)
  })
  afterEach(() => store.close())

  /** Asks for this many codes in half an hour, each at a sign-in of its own and from an address of its own; resolves to what came of each, and to where texts went. */
  const asked = async (times: number, secret: { to: string; unproved?: boolean }) => {
    const { sent, send, sealer } = services()
    const emit = async () => {}
    const throttle = throttleOf({ store, now, emit })
    const factor: Factor = smsCode({ blind: sealer.blind, send })
    const ask = asking({
      ...{ throttle, emit, challenges: challenges({ store, sealer, now }), sendMail: async () => {} },
      addresses: commits({ store, now }).addresses,
      postage: postage({ throttle, daily: 1_000 }),
      failures: failuresOf({ store, now, emit }),
    })
    const subject: Subject<unknown> = {
      ...{ account: 'ada', locale: 'en', now: now() },
      credentials: [{ id: 'c', secret }],
    }
    const codes: string[] = []
    for (let time = 0; time < times; time++) {
      const flow = { id: `f${++flows}`, account: 'ada', purpose: 'sign-in', locale: 'en' } as Flow
      const visitor = { device: 'd', address: `198.51.100.${flows}`, agent: undefined }
      const one = ask({ flow, mode: 'prove', factor, subject, asked: {}, visitor })
      codes.push(await one.then(() => 'sent').catch((fault: Problem) => fault.code))
    }
    return { codes, numbers: sent.map(each => each.to) }
  }

  it('are six, where its owner has proved it', async () => {
    const { codes, numbers } = await asked(7, { to })
    expect(codes).to.deep.equal([...Array(6).fill('sent'), 'slow_down'])
    expect(numbers).to.deep.equal(Array(6).fill(to))
  })

  it('are as few as to a stranger’s, where staff put it in and nobody has proved it', async () => {
    const { codes, numbers } = await asked(5, { to, unproved: true })
    expect(codes).to.deep.equal([...Array(4).fill('sent'), 'slow_down'])
    expect(numbers).to.deep.equal(Array(4).fill(to))
    // The share of that number is used up, and no other's: whoever proved theirs has more.
    expect((await asked(3, { to })).codes).to.deep.equal(['sent', 'sent', 'slow_down'])
    expect((await asked(1, { to: '+436769876543', unproved: true })).codes).to.deep.equal(['sent'])
  })
})
