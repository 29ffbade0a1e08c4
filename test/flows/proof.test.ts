import { expect } from 'chai'
import type { Problem } from '../../src/errors.ts'
import type { Factor } from '../../src/factors/factor.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import { type Proof, proving } from '../../src/flows/proof.ts'
import type { Store } from '../../src/store/collection.ts'
import { commits } from '../support/commits.ts'
import { testStore } from '../support/store.ts'

const now = () => Date.UTC(2026, 0, 5)
const visitor = { device: 'd1', address: '192.0.2.7', agent: undefined }
const sms = {
  ...{ id: 'sms', kind: 'possession', channel: 'sms' },
  prove: { answer: { safeParse: (data: unknown) => ({ success: true, data }) } },
  verifiedContact: ({ to, unproved }: { to: string; unproved?: boolean }) => (unproved ? {} : { phone: to }),
  unproved: ({ to, unproved }: { to: string; unproved?: boolean }) => (unproved ? to : undefined),
} as unknown as Factor
const email = {
  ...{ id: 'email', identifies: true, kind: 'possession' },
  prove: { answer: { safeParse: (data: unknown) => ({ success: true, data }) } },
} as unknown as Factor
const ada = { id: 'ada', email: 'ada@example.com', locale: 'en', status: 'active' as const, createdAt: 1, updatedAt: 1 }

describe('what a right code proves of the account', () => {
  const told: string[] = []
  const emit = async (name: string) => void told.push(name)
  let made: ReturnType<typeof commits>
  let store: Store
  beforeEach(async () => {
    told.length = 0
    store = await testStore(now)
    made = commits({ store, now })
  })
  afterEach(() => store.close())

  describe('an address that nobody has proved yet', () => {
    beforeEach(() => made.accounts.insert({ ...ada, emailUnproved: true, securityStamp: 3 }))

    /** Proves it in a flow that began before; `meanwhile` happens while its code is verified. */
    const prove = (meanwhile = async () => {}) => {
      const proof: Proof = async () => {
        await meanwhile()
        return { credential: 'c1', noted: Promise.resolve() }
      }
      const flow = { id: 'f', account: 'ada', securityStamp: 3, unproved: true, real: true, proved: [] }
      const services = { ...made, proof, emit, hold: 0, now }
      return proving(services)(flow as unknown as Flow, email, {}, async () => [], visitor)
    }
    const unproved = async () => (await made.accounts.get('ada'))?.emailUnproved === true

    it('is proved by its code', async () => {
      expect((await prove()).flow.unproved).to.equal(false)
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

  describe('a number that staff put in', () => {
    /** How many codes were verified. */
    let judged = 0
    beforeEach(async () => {
      judged = 0
      await made.accounts.insert(ada)
    })

    /** Proves a credential with this secret; `meanwhile` happens once its code was right. */
    const prove = async (secret: object, meanwhile: (credential: string) => Promise<unknown> = async () => {}) => {
      const credential = await made.give({ account: 'ada', factor: 'sms', secret })
      const held = await made.credentials.of('ada')
      const proof: Proof = async () => {
        judged += 1
        await meanwhile(credential)
        return { credential, noted: Promise.resolve() }
      }
      const flow = { id: 'f', account: 'ada', real: true, proved: ['password'] } as unknown as Flow
      await proving({ ...made, proof, emit, hold: 0, now })(flow, sms, {}, async () => held, visitor)
      return (await made.accounts.get('ada'))?.phone
    }
    const to = '+436642'

    it('is the account’s once a code there was right, also where that was cut short before', async () => {
      expect(await prove({ to, unproved: true })).to.equal(to)
      expect(told).to.deep.equal(['number.proved'])
      await made.accounts.patch('ada', { phone: undefined, holds: [] })
      expect(await prove({ to })).to.equal(to)
    })

    it('is proved by no way that began before the last change of protection: its password may be a former one', async () => {
      await made.accounts.patch('ada', { securityStamp: 4 })
      const fault = await prove({ to, unproved: true }).catch((each: Problem) => each.code)
      const [kept] = await made.credentials.of('ada')
      expect([fault, judged, told, kept?.secret]).to.deep.equal(['attempt_expired', 0, [], { to, unproved: true }])
      expect((await made.accounts.get('ada'))?.phone).to.equal(undefined)
    })

    it('is not the account’s by a way whose account changed while the code was verified', async () => {
      const meanwhile = () => made.accounts.patch('ada', { securityStamp: 4 })
      expect([await prove({ to, unproved: true }, meanwhile), told]).to.deep.equal([undefined, []])
    })

    it('is told of once, and takes no number from an account that has one', async () => {
      await made.accounts.patch('ada', { phone: '+436641' })
      expect([await prove({ to }), told]).to.deep.equal(['+436641', []])
    })

    it('is not the account’s where it was replaced while its code was verified', async () => {
      const replaced = async () => made.accounts.patch('ada', { holds: [] })
      expect([await prove({ to, unproved: true }, replaced), told]).to.deep.equal([undefined, []])
    })

    it('is not kept of an account that was erased while its code was verified', async () => {
      const erased = async () => made.accounts.patch('ada', { status: 'closed' })
      expect([await prove({ to, unproved: true }, erased), told]).to.deep.equal([undefined, []])
    })
  })
})
