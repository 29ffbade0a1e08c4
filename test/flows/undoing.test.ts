import { expect } from 'chai'
import type { Account } from '../../src/accounts/account.ts'
import { links } from '../../src/accounts/link.ts'
import type { Emit } from '../../src/events.ts'
import type { Factor } from '../../src/factors/factor.ts'
import { disowning } from '../../src/flows/disowning.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import { protection } from '../../src/flows/protection.ts'
import { alerts, type Reach } from '../../src/observers/alerts.ts'
import { recorder } from '../../src/observers/recorder.ts'
import type { Store } from '../../src/store/collection.ts'
import { acting } from '../support/acting.ts'
import { commits } from '../support/commits.ts'
import { mailbox } from '../support/mails.ts'
import { testStore } from '../support/store.ts'

const minute = 60_000
const day = 24 * 60 * minute
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
const owners: Record<string, string> = {
  password: 'ada’s',
  totp: 'ada’s',
  'recovery-code': 'ada’s',
  email: 'ada@example.com',
  sms: '+436641',
}
const thief = { device: 'd-thief', address: '203.0.113.9', agent: undefined, session: 's-thief' }
const ada = { device: 'd-ada', address: '192.0.2.7', agent: undefined, session: 's-ada' }

/** An account of a month, with the real alerts: what a person is mailed is what they can press. */
async function room() {
  let at = Date.UTC(2026, 0, 1)
  const now = () => at
  const store: Store = await testStore(now)
  const [{ sent, sendMail: alert }, { sent: mailed, sendMail }] = [mailbox(), mailbox()]
  const emit: Emit = async (...said) => told(...said)
  const made = commits({ store, emit, now, hold: day, onFault: fault => expect.fail(String(fault)) })
  const { accounts, credentials } = made
  const kept = links({ store, now })
  const observer = alerts({
    ...{ accounts, credentials, links: kept },
    sendMail: alert,
    limitedUntil: () => undefined,
    reach: ({ factor, secret }): Reach => factorOf(factor).verifiedContact?.(secret) ?? {},
    mask: () => undefined,
    contactOf: async () => 'a•••@example.com',
    say: (_, key) => key,
    words: { moment: () => '', whence: () => ({ device: '', place: '' }) },
  })
  const told = recorder([observer], now, () => {})
  const by = { ...protection({ ...made, factors, now }), ...acting({ ...made, factors, emit, now }) }
  const undo = disowning({ ...made, factors, links: kept, sendMail, now })
  const person = { id: 'ada', email: owners.email ?? '', phone: owners.sms, locale: 'en', status: 'active' as const }
  const settings = { restrictions: { countries: ['AT'] }, antiPhishingPhrase: 'blue heron', smsAlerts: true }
  await accounts.insert({ ...person, ...settings, createdAt: at, updatedAt: at })
  for (const [factor, to] of Object.entries(owners)) await made.give({ account: 'ada', factor, secret: { to } })
  at += 30 * day
  const owner = async (): Promise<Account> => (await accounts.get('ada')) ?? expect.fail('no account')
  const held = async (factor: string) => (await credentials.of('ada')).find(each => each.factor === factor)
  const enrol = async (factor: string, to: string, visitor: typeof ada) => {
    const { securityStamp } = await owner()
    const former = factor === 'passkey' ? undefined : (await held(factor))?.id
    const flow = {
      account: 'ada',
      securityStamp,
      purpose: 'add',
      proved: [],
      session: visitor.session,
    } as unknown as Flow
    await by.enrol(flow, factorOf(factor), { secret: { to } }, former, visitor)
  }
  const remove = async (factor: string, visitor: typeof ada) =>
    by.perform(by.remove, await owner(), { credential: (await held(factor))?.id ?? '' }, visitor)
  return {
    ...{ store, sent, mailed, accounts, undo, enrol, remove, owner, by, links: kept },
    later: (ms: number) => {
      at += ms
    },
    state: async () => {
      const { email, phone, restrictions, antiPhishingPhrase, smsAlerts } = await owner()
      const all = (await credentials.of('ada')).map(
        ({ factor, secret }) => `${factor}: ${(secret as { to: string }).to}`,
      )
      return { held: all.sort(), ...{ email, phone, restrictions, antiPhishingPhrase, smsAlerts } }
    },
    /** The link that the owner was mailed of what was done last. */
    newest: () => sent.findLast(each => each.to === owners.email && each.data.disown)?.data.disown as string,
  }
}
type Room = Awaited<ReturnType<typeof room>>

const acts: Record<string, (room: Room) => Promise<void>> = {
  'puts in an authenticator': ({ enrol }) => enrol('totp', 'thief’s', thief),
  'adds a passkey': ({ enrol }) => enrol('passkey', 'thief’s', thief),
  'removes the phone': ({ remove }) => remove('sms', thief),
  'makes recovery codes': ({ enrol }) => enrol('recovery-code', 'thief’s', thief),
  'changes the address': ({ enrol }) => enrol('email', 'thief@example.com', thief),
  'changes the password': ({ enrol }) => enrol('password', 'thief’s', thief),
  'changes the rules': async ({ by, owner }) => by.perform(by.restrict, await owner(), { to: {} }, thief),
  'changes the words': async ({ by, owner }) =>
    by.perform(by.antiPhishingPhrase, await owner(), { to: 'thief’s' }, thief),
  'stops the texts': async ({ by, owner }) => by.perform(by.smsAlerts, await owner(), { on: false }, thief),
}
const names = Object.keys(acts)
const orders = names.flatMap(a =>
  names.filter(b => b !== a).flatMap(b => names.filter(c => c !== a && c !== b).map(c => [a, b, c] as const)),
)

describe('what is undone by “This wasn’t me”', () => {
  let here: Room
  afterEach(() => here.store.close())

  for (const first of names)
    it(`is everything that a thief did who ${first} first: every order of three acts, whichever mail is pressed`, async () => {
      for (const [index, order] of orders.filter(each => each[0] === first).entries()) {
        here = await room()
        const before = await here.state()
        const mails: string[] = []
        for (const act of order) {
          here.later(10 * minute)
          await acts[act]?.(here)
          mails.push(here.newest())
        }
        // Each of the three mails is pressed in a third of the orders; what comes after it is undone with it.
        const pressed = mails[index % 3] ?? ''
        expect(await here.state(), order.join()).to.not.deep.equal(before)
        here.later(10 * minute)
        await here.undo.disown(pressed, { ...ada, session: undefined })
        const { held, ...rest } = await here.state()
        const { held: once, ...were } = before
        // The password is locked: it is what the thief knows.
        expect(held, order.join()).to.deep.equal(once.filter(each => !each.startsWith('password')))
        expect(rest, order.join()).to.deep.equal(were)
        expect(here.mailed.map(each => each.to)).to.deep.equal([owners.email])
        await here.store.close()
      }
      here = await room()
    }).timeout(60_000)

  it('is not what the owner did from another browser in between', async () => {
    here = await room()
    await here.enrol('passkey', 'lost with the bag', ada)
    here.later(3 * day)
    await here.enrol('totp', 'thief’s', thief)
    const mail = here.newest()
    here.later(minute)
    await here.remove('passkey', ada)
    await here.undo.disown(mail, ada)
    const { held } = await here.state()
    expect(held).to.include('totp: ada’s').and.not.include('passkey: lost with the bag')
  })

  it('is the removal of a phone, but not by the mail of an act in another browser', async () => {
    here = await room()
    await here.remove('sms', ada)
    here.later(minute)
    await here.enrol('recovery-code', 'thief’s', thief)
    await here.undo.disown(here.newest(), ada)
    const { held, phone } = await here.state()
    expect([held.includes('sms: +436641'), phone]).to.deep.equal([false, undefined])
    expect(held).to.include('recovery-code: ada’s')
  })

  it('stays undone when the mails of the other acts are pressed, too', async () => {
    here = await room()
    const mails: string[] = []
    for (const act of ['puts in an authenticator', 'changes the address', 'changes the rules', 'changes the words']) {
      here.later(minute)
      await acts[act]?.(here)
      mails.push(here.newest())
    }
    await here.undo.disown(mails[1] ?? '', ada)
    const once = await here.state()
    expect(once.restrictions).to.deep.equal({ countries: ['AT'] })
    for (const mail of [mails[3], mails[0], mails[2]]) {
      here.later(minute)
      await here.undo.disown(mail ?? '', ada)
      expect(await here.state()).to.deep.equal(once)
    }
  })

  it('is as much as a thief can do in a day, who can keep neither the undo nor a recovery waiting', async () => {
    here = await room()
    const before = await here.state()
    await acts['removes the phone']?.(here)
    const rename = async (to: string) => here.by.perform(here.by.antiPhishingPhrase, await here.owner(), { to }, thief)
    for (let each = 1; each < 100; each++) await rename(`thief’s ${each}`)
    expect(await rename('one more').catch((fault: { code?: string }) => fault.code)).to.equal('slow_down')
    await here.undo.disown(here.newest(), ada)
    const { held, ...rest } = await here.state()
    expect([held.includes('sms: +436641'), rest.antiPhishingPhrase]).to.deep.equal([true, before.antiPhishingPhrase])
  }).timeout(20_000)

  it('is undone for a week, and no longer', async () => {
    here = await room()
    await acts['changes the address']?.(here)
    const mail = here.newest()
    here.later(7 * day)
    expect(await here.undo.whose(mail)).to.equal(undefined)
  })
})
