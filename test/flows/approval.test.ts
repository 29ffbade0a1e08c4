import { expect } from 'chai'
import { accounts as accountsOf } from '../../src/accounts/account.ts'
import { type Receipts, receipts as receiptsOf } from '../../src/accounts/approval-receipt.ts'
import { credentialsDeclaration, credentials as credentialsOf } from '../../src/accounts/credential.ts'
import { admissions as admissionsOf, devices as devicesOf } from '../../src/accounts/device.ts'
import { failures as failuresOf } from '../../src/accounts/failures.ts'
import { throttle as throttleOf } from '../../src/accounts/throttle.ts'
import type { Acr } from '../../src/acr.ts'
import { keyring } from '../../src/crypto/keyring.ts'
import { sealer as sealerOf } from '../../src/crypto/seal.ts'
import { type Emit, type EventName, events } from '../../src/events.ts'
import { passkey } from '../../src/factors/passkey.ts'
import { type Approving, approving, type Request } from '../../src/flows/approval.ts'
import { type Approved, digestOf } from '../../src/flows/approval-statement.ts'
import { challenges as challengesOf } from '../../src/flows/challenge.ts'
import { proofs } from '../../src/flows/proof.ts'
import type { Store } from '../../src/store/collection.ts'
import { payment, withdrawal } from '../support/approvals.ts'
import { type Authenticator, authenticator } from '../support/authenticator.ts'
import { issuer, name, noon, problem, subject } from '../support/factors.ts'
import { holding } from '../support/holding.ts'
import { verifyReceipt } from '../support/receipts.ts'
import { slow, testStore } from '../support/store.ts'

const factor = passkey({ name, issuer })
const day = 86_400_000
let at = noon
const now = () => at
const visitor = { device: 'd', address: '192.0.2.1', agent: undefined }
const request: Request = { id: 'r', client: 'wallet', account: 'account-of-ada', at: 1_790_000_000, detail: withdrawal }

describe('approving', () => {
  let store: Store
  let device: Authenticator
  let kept: Receipts<Approved>
  let told: { name: EventName; data: object }[]
  let status: 'active' | 'closed'
  let holdUntil: number | undefined
  const sealer = sealerOf(keyring(['a secret of the tests, 32 or longer']))

  const on = (through: Store): Approving => {
    const emit = (async (event: EventName, data: unknown) => {
      told.push({ name: event, data: events[event].data.parse(data) })
    }) as Emit
    const room = { store: through, sealer, now }
    const [credentials, challenges] = [credentialsOf(room), challengesOf(room)]
    const devices = devicesOf({ store: through, trustFor: 0, now })
    const throttle = throttleOf({ store: through, now })
    const admissions = admissionsOf({ store: through, now })
    const failures = failuresOf({ store: through, emit, now })
    const proof = proofs({ challenges, credentials, devices, admissions, throttle, failures, emit })
    const ada = {
      id: request.account,
      email: 'ada@example.com',
      locale: 'en',
      updatedAt: 0,
    }
    const kept = accountsOf(through)
    const accounts = {
      ...kept,
      get: async () => ({ ...ada, ...(await kept.get(ada.id)), status, createdAt: noon, holdUntil }),
    }
    const services = { accounts, credentials, challenges, receipts: receiptsOf<Approved>(room), proof }
    return approving({ ...services, factors: [factor], issuer, hold: day, emit, now })
  }
  const signed = async (flow: Approving, asked = request) => {
    const { shown } = await flow.ask(asked)
    const response = await device.get(shown.options as Parameters<Authenticator['get']>[0], issuer)
    return { response: JSON.stringify(response) }
  }

  beforeEach(async () => {
    store = await testStore(now)
    told = []
    status = 'active'
    at = noon
    holdUntil = undefined
    kept = receiptsOf({ store, sealer, now })
    const ada = { id: request.account, email: 'ada@example.com', locale: 'en', status: 'active' as const }
    await accountsOf(store).insert({ ...ada, createdAt: noon, updatedAt: noon })
    await addPasskey()
  })
  const addPasskey = async (addedUnder?: Acr) => {
    device = authenticator({ synced: true })
    const begun = await factor.enrol.begin?.(subject(), {})
    const made = await device.create(begun?.page?.options as Parameters<Authenticator['create']>[0], issuer)
    const state = begun?.state ?? { challenge: '' }
    const { secret, lookup } = await factor.enrol.finish({ response: JSON.stringify(made) }, state, subject())
    const credentials = credentialsOf({ store, sealer, now })
    await holding(store, credentials, now).give({
      account: request.account,
      factor: 'passkey',
      lookup,
      secret,
      addedUnder,
    })
  }
  afterEach(() => store.close())

  it('asks for a signature of the statement, and keeps it', async () => {
    const flow = on(store)
    const { shown, known, factor: by, to } = await flow.ask(request)
    expect({ known, by, to }).to.deep.equal({ known: false, by: 'passkey', to: withdrawal.address })
    const id = await flow.approve(request, 'passkey', await signed(flow), visitor)
    expect((shown.options as { challenge: string }).challenge).to.equal(id)
    const receipt = await kept.get(id)
    expect(receipt && digestOf(receipt.content.statement)).to.equal(id)
    expect(receipt && (await verifyReceipt({ id, ...receipt.content }))).to.equal(true)
    expect(told.map(each => each.name)).to.deep.equal(['factor.proved', 'approval.given'])
    expect(JSON.stringify(told)).not.to.include(withdrawal.address)
    expect((await flow.ask({ ...request, id: 's' })).known).to.equal(true)
  })

  it('counts an answer once: of ten at once on a slow store, and however often it is asked again', async () => {
    const answer = await signed(on(store))
    const late = on(slow(store, 10))
    const ten = Array.from({ length: 10 }, () => late.approve(request, 'passkey', answer, visitor))
    const won = (await Promise.allSettled(ten)).filter(each => each.status === 'fulfilled')
    expect(won).to.have.length(1)
    expect(told.filter(each => each.name === 'approval.given')).to.have.length(1)
    // Asked anew, the question is the same, and so would the answer be.
    const flow = on(store)
    await flow.ask(request)
    expect((await problem(flow.approve(request, 'passkey', answer, visitor))).code).to.equal('attempt_expired')
    expect(await kept.of(request.account)).to.have.length(1)
  })

  it('takes an answer for the very request alone', async () => {
    const flow = on(store)
    const others: Partial<Request>[] = [
      { id: 's' },
      { client: 'card' },
      { at: request.at + 1 },
      { detail: { ...withdrawal, amount: '50' } },
      { detail: payment },
    ]
    for (const change of others) {
      const answer = await signed(flow)
      const other = { ...request, ...change }
      await flow.ask({ ...other, id: 'other' })
      const fault = await problem(flow.approve({ ...other, id: 'other' }, 'passkey', answer, visitor))
      expect(fault.code, JSON.stringify(change)).to.equal('wrong_passkey')
    }
    expect(await kept.of(request.account)).to.deep.equal([])
  })

  it('gives one code for it, to whom and for what it was given', async () => {
    const flow = on(store)
    const meant = { account: request.account, client: 'wallet', detail: withdrawal }
    for (const [at, wrong] of [
      { account: 'eve' },
      { client: 'card' },
      { detail: { ...withdrawal, amount: '50' } },
    ].entries()) {
      const asked = { ...request, id: `r${at}` }
      const id = await flow.approve(asked, 'passkey', await signed(flow, asked), visitor)
      expect(await flow.redeem(id, { ...meant, ...wrong }), String(at)).to.equal(undefined)
      // Whoever tried is not let try again.
      expect(await flow.redeem(id, meant)).to.equal(undefined)
    }
    const id = await flow.approve(request, 'passkey', await signed(flow), visitor)
    const ten = await Promise.all(Array.from({ length: 10 }, () => on(slow(store, 10)).redeem(id, meant)))
    expect(ten.filter(Boolean)).to.have.length(1)
    expect(await flow.redeem('', meant)).to.equal(undefined)
  })

  it('waits while the account is held, and with a passkey that was added under less', async () => {
    const flow = on(store)
    expect(await flow.waits(request.account)).to.equal(false)
    holdUntil = noon + 1
    expect(await flow.waits(request.account)).to.equal(true)
    holdUntil = undefined
    const [own] = await credentialsOf({ store, sealer, now }).of(request.account)
    await store.collection(credentialsDeclaration).patch(own?.id ?? '', { addedUnder: 'aal2' })
    expect(await flow.waits(request.account)).to.equal(true)
    expect((await problem(flow.ask(request))).code).to.equal('not_offered')
    at = noon + day
    expect(await flow.waits(request.account)).to.equal(false)
    expect((await flow.ask(request)).young).to.equal(false)
  })

  it('takes no passkey that a thief has added beside the owner’s', async () => {
    const flow = on(store)
    const owners = device
    await addPasskey('aal2')
    const thief = device
    const { shown, young } = await flow.ask(request)
    const options = shown.options as Parameters<Authenticator['get']>[0]
    expect([young, options.allowCredentials?.length]).to.deep.equal([true, 1])
    const stolen = await thief.get({ ...options, allowCredentials: [] }, issuer)
    const answer = { response: JSON.stringify(stolen) }
    expect((await problem(flow.approve(request, 'passkey', answer, visitor))).code).to.equal('wrong_passkey')
    device = owners
    expect(await flow.approve(request, 'passkey', await signed(flow), visitor)).to.be.a('string')
  })

  it('asks nobody who holds nothing for it, by nothing else, and nobody whose account is closed', async () => {
    const flow = on(store)
    expect((await problem(flow.ask({ ...request, account: 'eve' }))).code).to.equal('not_offered')
    const answer = await signed(flow)
    expect((await problem(flow.approve(request, 'totp', answer, visitor))).code).to.equal('not_offered')
    status = 'closed'
    expect((await problem(flow.approve(request, 'passkey', answer, visitor))).code).to.equal('not_offered')
  })
})
