import { expect } from 'chai'
import { credentialsDeclaration } from '../../src/accounts/credential.ts'
import { links as linksOf } from '../../src/accounts/link.ts'
import type { Emit } from '../../src/events.ts'
import type { Factor } from '../../src/factors/factor.ts'
import { disowning } from '../../src/flows/disowning.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import { recovering } from '../../src/flows/recovering.ts'
import { signUp } from '../../src/flows/sign-up.ts'
import { audit } from '../../src/observers/audit.ts'
import { ledger } from '../../src/observers/ledger.ts'
import { recorder } from '../../src/observers/recorder.ts'
import type { Store } from '../../src/store/collection.ts'
import { commits, testSealer } from '../support/commits.ts'
import { failing } from '../support/failing.ts'
import { testStore } from '../support/store.ts'

const hour = 3_600_000
const day = 24 * hour
const visitor = { device: 'd', address: '192.0.2.7', agent: undefined }
const factors = [
  { id: 'password', kind: 'knowledge' },
  { id: 'totp', kind: 'possession' },
  { id: 'email', kind: 'possession', identifies: true, verifiedContact: ({ to }: { to: string }) => ({ email: to }) },
] as unknown as Factor[]
const factorOf = (id: string) => factors.find(each => each.id === id) ?? expect.fail(id)

async function room() {
  let at = Date.UTC(2026, 0, 1)
  const now = () => at
  const engine = await testStore(now)
  const broken = failing(engine)
  const on = (store: Store) => {
    const emit: Emit = recorder([audit({ store })], now, () => {})
    const made = commits({ store, emit, now })
    const { accounts, addresses, devices, credentials, commit, announcements } = made
    const links = linksOf({ store, now })
    const sendMail = async () => {}
    const [complete, cutOff] = [async () => {}, async () => {}]
    return {
      ...{ ...made, links },
      signUp: signUp({ accounts, credentials, announcements, addresses, sealer: testSealer, sendMail, now }),
      recover: recovering({ factors, accounts, addresses, devices, credentials, complete, cutOff, commit }),
      disowning: disowning({ factors, accounts, addresses, devices, credentials, commit, links, sendMail, now }),
    }
  }
  const calm = on(engine)
  return {
    ...{ engine, broken, calm, acting: () => on(broken.store) },
    later: (ms: number) => {
      at += ms
    },
    now,
    held: async () =>
      (await calm.credentials.of('ada')).map(each => `${each.factor}: ${(each.secret as { to: string }).to}`),
    said: async (name: string) => {
      let times = 0
      for await (const each of ledger({ store: engine }).entries()) if (each.name === name) times += 1
      return times
    },
  }
}
type Room = Awaited<ReturnType<typeof room>>

/** An act on an account that is there, what it holds before, and after. */
interface Act {
  what: string
  event: string
  prepare(room: Room): Promise<(on: ReturnType<Room['acting']>) => Promise<unknown>>
  before: string[]
  after: string[]
}

const begin = async ({ calm, now }: Room) => {
  const person = { id: 'ada', email: 'ada@example.com', locale: 'en', status: 'active' as const }
  await calm.accounts.insert({ ...person, createdAt: now() - 30 * day, updatedAt: now() })
  const give = (factor: string, to: string) => calm.give({ account: 'ada', factor, secret: { to } })
  return {
    email: await give('email', 'ada@example.com'),
    password: await give('password', 'old'),
    totp: await give('totp', 'old'),
  }
}

const acts: Act[] = [
  {
    what: 'an undo',
    event: 'account.disowned',
    before: ['email: thief@example.com', 'password: old', 'totp: thief’s'],
    after: ['email: ada@example.com', 'totp: old'],
    prepare: async here => {
      const held = await begin(here)
      const owner = async () => (await here.calm.accounts.get('ada')) ?? expect.fail()
      here.later(2 * day)
      for (const [factor, to] of [
        ['email', 'thief@example.com'],
        ['totp', 'thief’s'],
      ] as const) {
        const came = await here.calm.credentials.add({ account: 'ada', factor, secret: { to } })
        const fields = factorOf(factor).verifiedContact?.({ to }) ?? {}
        await here.calm.commit(await owner(), { came: [came], went: [held[factor]], fields, events: [] }, visitor)
      }
      const bearer = await here.calm.links.make(
        { purpose: 'disown', account: 'ada', address: held.email, since: here.now() - day, device: 'd' },
        day,
      )
      return ({ disowning }) => disowning.disown(bearer, visitor)
    },
  },
  {
    what: 'a recovery',
    event: 'identity.completed',
    before: ['email: ada@example.com', 'password: old', 'totp: old'],
    after: ['email: ada@example.com', 'password: new', 'totp: new'],
    prepare: async here => {
      await begin(here)
      here.later(2 * day)
      const flow = { account: 'ada', case: '1', moves: false } as unknown as Flow
      const fresh = ['password', 'totp'].map(factor => ({ factor, secret: { to: 'new' } }))
      return ({ recover }) => recover(flow, fresh, visitor)
    },
  },
]

describe('an act that is cut short at any call of the store', () => {
  let here: Room
  afterEach(() => here.engine.close())
  const modes = [false, true].flatMap(after => [false, true].map(dead => ({ after, dead })))

  for (const { what, event, before, after, prepare } of acts)
    it(`is whole or was never, and can be done again: ${what}`, async () => {
      here = await room()
      const first = await prepare(here)
      here.broken.heal()
      await first(here.acting())
      const calls = here.broken.calls()
      const seen = new Set<boolean>()
      for (const how of modes)
        for (let call = 0; call < calls; call++) {
          await here.engine.close()
          here = await room()
          const act = await prepare(here)
          here.broken.failAt(call, how)
          await act(here.acting()).catch(() => {})
          here.broken.heal()
          const held = (await here.held()).sort()
          expect([before, after], `${JSON.stringify(how)} ${call}`).to.deep.include(held)
          const done = JSON.stringify(held) === JSON.stringify(after)
          seen.add(done)
          here.later(3 * hour)
          await here.calm.announcements.sweep()
          expect((await here.said(event)) > 0).to.equal(done)
          // A process that dies may take the link with it; the others leave the owner a way to do it again.
          if (!done && !how.dead) await act(here.calm)
          if (!done && !how.dead) expect((await here.held()).sort()).to.deep.equal(after)
        }
      expect([...seen]).to.have.members([true, false])
    }).timeout(180_000)

  it('makes an account that is whole, or none and leaves nothing behind: a sign-up', async () => {
    const flow = { id: 'x', account: 'ada', locale: 'en' } as unknown as Flow
    const whole = ['email: ada@example.com', 'password: new', 'totp: new']
    const act = async ({ signUp }: ReturnType<Room['acting']>) => {
      let pending: string | undefined
      for (const each of whole) {
        const [factor = '', to = ''] = each.split(': ')
        pending = signUp.add({ ...flow, pending }, factorOf(factor), { secret: { to } })
      }
      await signUp.commit(flow, pending ?? '', factors)
    }
    here = await room()
    here.broken.heal()
    await act(here.acting())
    const calls = here.broken.calls()
    const seen = new Set<boolean>()
    for (const how of modes)
      for (let call = 0; call < calls; call++) {
        await here.engine.close()
        here = await room()
        here.broken.failAt(call, how)
        await act(here.acting()).catch(() => {})
        here.broken.heal()
        const account = await here.calm.accounts.get('ada')
        const held = (await here.held()).sort()
        expect(held, `${JSON.stringify(how)} ${call}`).to.deep.equal(account ? whole : [])
        seen.add(account !== undefined)
        here.later(3 * hour)
        await here.calm.announcements.sweep()
        expect((await here.said('account.created')) > 0).to.equal(account !== undefined)
        const left = await here.engine.collection(credentialsDeclaration).find({ account: 'ada' })
        expect(left).to.have.length(held.length)
        expect(await here.calm.addresses.whose('ada@example.com')).to.deep.equal(
          account && { account: 'ada', current: true },
        )
      }
    expect([...seen]).to.have.members([true, false])
  }).timeout(180_000)
})
