import { expect } from 'chai'
import type { Factor } from '../../src/factors/factor.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import { type Proof, proving } from '../../src/flows/proof.ts'
import { commits } from '../support/commits.ts'
import { testStore } from '../support/store.ts'

const now = () => Date.UTC(2026, 0, 5)
const visitor = { device: 'd1', address: '192.0.2.7', agent: undefined }
const email = {
  ...{ id: 'email', identifies: true, kind: 'possession' },
  prove: { answer: { safeParse: (data: unknown) => ({ success: true, data }) } },
} as unknown as Factor

describe('an address that nobody has proved yet', () => {
  const told: string[] = []
  let made: ReturnType<typeof commits>
  let close: () => unknown
  beforeEach(async () => {
    told.length = 0
    const store = await testStore(now)
    close = () => store.close()
    made = commits({ store, now })
    const times = { createdAt: 1, updatedAt: 1 }
    const ada = { id: 'ada', email: 'ada@example.com', locale: 'en', status: 'active' as const, ...times }
    await made.accounts.insert({ ...ada, emailUnproved: true, securityStamp: 3 })
  })
  afterEach(() => close())

  /** Proves it in a flow that began before; `meanwhile` happens while its code is verified. */
  const prove = (meanwhile = async () => {}) => {
    const proof: Proof = async () => {
      await meanwhile()
      return { credential: 'c1' }
    }
    const emit = async (name: string) => void told.push(name)
    const flow = { id: 'f', account: 'ada', securityStamp: 3, unproved: true, real: true, proved: [] }
    const services = { ...made, proof, emit, hold: 0, now }
    return proving(services)(flow as unknown as Flow, email, {}, async () => [], visitor)
  }
  const unproved = async () => (await made.accounts.get('ada'))?.emailUnproved === true

  it('is proved by its code', async () => {
    expect((await prove()).unproved).to.equal(false)
    expect([await unproved(), told]).to.deep.equal([false, ['email.proved']])
  })

  it('is not proved by the code of the address that staff put it in the place of meanwhile', async () => {
    await prove(async () => {
      const ada = (await made.accounts.get('ada')) ?? expect.fail()
      await made.accounts.amend(ada, { email: 'new@example.com', emailUnproved: true }, { stamps: true })
    })
    expect([await unproved(), told]).to.deep.equal([true, []])
  })
})
