import { expect } from 'chai'
import type { Emit, EventName } from '../../src/events.ts'
import type { Factor } from '../../src/factors/factor.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import { protection } from '../../src/flows/protection.ts'
import { audit } from '../../src/observers/audit.ts'
import { ledger } from '../../src/observers/ledger.ts'
import { recorder } from '../../src/observers/recorder.ts'
import type { Store } from '../../src/store/collection.ts'
import { acting } from '../support/acting.ts'
import { commits } from '../support/commits.ts'
import { failing } from '../support/failing.ts'
import { slow, testStore } from '../support/store.ts'

const visitor = { device: 'd', address: '192.0.2.7', agent: undefined }
const vouching = (name: 'email' | 'phone') => ({ verifiedContact: ({ to }: { to: string }) => ({ [name]: to }) })
const factors = [
  { id: 'password', kind: 'knowledge', limit: 1, positions: ['first'] },
  { id: 'totp', kind: 'possession', limit: 1, positions: ['second'], mandatory: true },
  { id: 'recovery-code', kind: 'possession', limit: 1, positions: ['last'] },
  { id: 'passkey', kind: 'possession', limit: 10, positions: ['second'], multiFactor: true },
  { id: 'email', kind: 'possession', limit: 1, positions: ['second'], identifies: true, ...vouching('email') },
  { id: 'sms', kind: 'possession', limit: 1, positions: ['second'], mandatory: true, ...vouching('phone') },
] as unknown as Factor[]
const factorOf = (id: string) => factors.find(each => each.id === id) ?? expect.fail(id)
/** What is held before, and what takes its place. */
const secrets: Record<string, [{ to: string }, { to: string }]> = {
  password: [{ to: 'old' }, { to: 'new' }],
  totp: [{ to: 'old' }, { to: 'new' }],
  'recovery-code': [{ to: 'old' }, { to: 'new' }],
  email: [{ to: 'ada@example.com' }, { to: 'new@example.com' }],
  sms: [{ to: '+436641' }, { to: '+436642' }],
}

interface Told {
  name: string
  account?: string
}

/** An account that holds one of each, on a store that can break, with the real audit log and an owner who is told. */
async function room(through: (store: Store) => Store = each => each) {
  let at = Date.UTC(2026, 0, 1)
  const now = () => at
  const engine = await testStore(now)
  const broken = failing(through(engine))
  const told: Told[] = []
  const on = (store: Store) => {
    const observers = [
      audit({ store }),
      {
        ...{ awaited: true as const, afterwards: true as const },
        observe: ({ name }: { name: EventName }) => void told.push({ name }),
      },
    ]
    const emit: Emit = recorder(observers, now, () => {})
    const made = commits({ store, emit, now, hold: 60_000 })
    return { ...made, ...protection({ ...made, factors, now }), ...acting({ ...made, factors, emit, now }) }
  }
  const calm = on(engine)
  const person = { id: 'ada', email: 'ada@example.com', phone: '+436641', locale: 'en', status: 'active' as const }
  await calm.accounts.insert({ ...person, createdAt: at, updatedAt: at })
  const held: Record<string, string> = {}
  for (const [factor, [secret]] of Object.entries(secrets))
    held[factor] = await calm.give({ account: 'ada', factor, secret })
  held.passkey = await calm.give({ account: 'ada', factor: 'passkey', lookup: 'p-old', secret: { to: 'old' } })
  at += 1_000
  const flow = { account: 'ada', purpose: 'add', proved: [], session: 's1' } as unknown as Flow
  return {
    ...{ engine, broken, told, held, flow, calm },
    acting: () => on(broken.store),
    later: (ms: number) => {
      at += ms
    },
    audited: async () => {
      const names: string[] = []
      for await (const { name } of ledger({ store: engine }).entries()) names.push(name)
      return names
    },
    /** Secrets in force of a factor. */
    inForce: async (factor: string) =>
      (await calm.credentials.of('ada'))
        .filter(each => each.factor === factor)
        .map(each => (each.secret as { to: string }).to),
    owner: async () => (await calm.accounts.get('ada')) ?? expect.fail('no account'),
  }
}
type Room = Awaited<ReturnType<typeof room>>
type Acting = Room['calm']

/** Each act, and what is in force before and after it. */
const acts: {
  what: string
  event: EventName
  factor: string
  act: (room: Room, by: Acting) => Promise<unknown>
  after: string[]
}[] = [
  ...Object.entries(secrets).map(([factor, [, secret]]) => ({
    what: `replacing ${factor}`,
    event: 'factor.replaced' as const,
    factor,
    act: ({ flow, held }: Room, by: Acting) => by.enrol(flow, factorOf(factor), { secret }, held[factor], visitor),
    after: [secret.to],
  })),
  {
    what: 'adding a passkey',
    event: 'factor.added',
    factor: 'passkey',
    act: ({ flow }, by) =>
      by.enrol(flow, factorOf('passkey'), { secret: { to: 'new' }, lookup: 'p-new' }, undefined, visitor),
    after: ['old', 'new'],
  },
  ...['passkey', 'sms', 'totp'].map(factor => ({
    what: `removing ${factor}`,
    event: 'factor.removed' as const,
    factor,
    act: async ({ owner, held }: Room, by: Acting) =>
      by.perform(by.remove, await owner(), { credential: held[factor] ?? '' }, visitor),
    after: [],
  })),
]

describe('a change of what protects an account', () => {
  let here: Room
  afterEach(() => here.engine.close())

  for (const { what, event, factor, act, after } of acts) {
    const before = secrets[factor]?.[0] ? [secrets[factor]?.[0].to] : ['old']

    for (const dead of [false, true])
      for (const late of [false, true])
        it(`is whole or was never: ${what}, whichever store call ${late ? 'has its answer lost' : 'fails'}${dead ? ' as the process dies' : ''}`, async () => {
          here = await room()
          here.broken.failAt(Number.POSITIVE_INFINITY, { after: late, dead })
          await act(here, here.acting())
          const calls = here.broken.calls()
          expect(calls).to.be.greaterThan(4)
          const seen = new Set<string>()
          for (let call = 0; call < calls; call++) {
            await here.engine.close()
            here = await room()
            here.broken.failAt(call, { after: late, dead })
            await act(here, here.acting()).catch(() => {})
            here.broken.heal()

            const found = await here.inForce(factor)
            expect([before, after]).to.deep.include(found)
            const done = found.length === after.length && found.every(each => after.includes(each))
            seen.add(String(done))
            const { email, phone, securityStamp } = await here.owner()
            if (factor === 'email') expect([email]).to.deep.equal(found)
            if (factor === 'sms') expect(phone === undefined ? [] : [phone]).to.deep.equal(found)
            expect(securityStamp).to.equal(done ? 1 : undefined)
            // Nobody is told of what the log does not contain.
            const told = here.told.map(({ name }) => name)
            const audited = await here.audited()
            for (const name of told) expect(audited).to.include(name)

            // What was done is written down and told of by the sweep at the latest; what was not is neither.
            here.later(2 * 60_000)
            await here.calm.announcements.sweep()
            expect((await here.audited()).includes(event)).to.equal(done)
            expect(here.told.some(({ name }) => name === event)).to.equal(done)

            // It can be done again, or done at last, and leaves nothing behind.
            here.later(2 * 3_600_000)
            await here.calm.announcements.sweep()
            await here.calm.credentials.tidy('ada')
            const { holds = [], changes = [] } = await here.owner()
            const known = [...holds, ...changes.flatMap(each => each.went)]
            const all = await here.calm.credentials.of('ada')
            const out = await here.calm.credentials.out('ada')
            expect([...all, ...out].map(each => each.id)).to.have.members(known)
            if (!done) await act(here, here.calm)
            expect(await here.inForce(factor)).to.deep.equal(after)
          }
          if (late) expect([...seen]).to.have.members(['false', 'true'])
        }).timeout(60_000)

    it(`is made once, by one of ten at once on a slow store: ${what}`, async () => {
      here = await room(store => slow(store, 2))
      const by = here.acting()
      const done = await Promise.allSettled(Array.from({ length: 10 }, () => act(here, by)))
      const made = done.filter(each => each.status === 'fulfilled')
      expect(made).to.have.length(1)
      expect(await here.inForce(factor)).to.deep.equal(after)
      expect((await here.audited()).filter(each => each === event)).to.have.length(1)
      expect((await here.owner()).securityStamp).to.equal(1)
    }).timeout(20_000)
  }

  it('is refused when what it removes is the last of two that were removed at once', async () => {
    here = await room(store => slow(store, 2))
    const by = here.acting()
    await by.perform(by.remove, await here.owner(), { credential: here.held.passkey ?? '' }, visitor)
    const owner = await here.owner()
    const remove = (factor: string) => by.perform(by.remove, owner, { credential: here.held[factor] ?? '' }, visitor)
    const both = await Promise.allSettled([remove('sms'), remove('totp')])
    expect(both.filter(each => each.status === 'fulfilled')).to.have.length(1)
    expect([...(await here.inForce('sms')), ...(await here.inForce('totp'))]).to.have.length(1)
  })

  it('is refused after a hundred within a week, and possible again after that', async () => {
    here = await room()
    const by = here.calm
    const set = async (to: string) => by.perform(by.antiPhishingPhrase, await here.owner(), { to }, visitor)
    for (let each = 0; each < 100; each++) await set(`heron ${each}`)
    const refused = await set('too much').catch((fault: { code?: string }) => fault.code)
    expect(refused).to.equal('slow_down')
    // A thief who used it all up keeps nobody from a new password.
    const held = here.held.password
    const flow = { ...here.flow, securityStamp: (await here.owner()).securityStamp }
    const enrol = (purpose: 'add' | 'reset') =>
      by.enrol({ ...flow, purpose }, factorOf('password'), { secret: { to: 'mine again' } }, held, visitor)
    expect(await enrol('add').catch((fault: { code?: string }) => fault.code)).to.equal('slow_down')
    await enrol('reset')
    here.later(7 * 24 * 3_600_000)
    await set('enough')
    expect((await here.owner()).changes).to.have.length(1)
  }).timeout(20_000)
})
