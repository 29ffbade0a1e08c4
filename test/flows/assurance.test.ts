import { expect } from 'chai'
import fc from 'fast-check'
import { type Acr, reaches } from '../../src/acr.ts'
import { assurance, authority, counted, limited, limitedUntil, type Purpose } from '../../src/flows/assurance.ts'
import { next } from '../../src/flows/policy.ts'
import { pick, type Row, rules, standing, step, tomorrow, usual } from '../support/policy.ts'

const all = `${usual} passkey`
const until = `refuse until ${tomorrow}`
const young = { has: all, late: 'passkey:aal2' }
const reset = { has: usual, late: 'password:mfa' }

/** What somebody can do with what was added under less than it could be worth. */
const table: [story: string, row: Row, answer: string][] = [
  ['signing in by a late passkey', { ...young, proved: 'passkey' }, 'done aal2 pop user mfa'],
  ['aal2 asked', { ...young, proved: 'passkey', demand: { acr: 'aal2' } }, 'done aal2 pop user mfa'],
  ['phr asked, by the passkey', { ...young, proved: 'passkey', demand: { acr: 'phr' } }, until],
  ['phr asked, by two kinds', { ...young, proved: 'password totp', demand: { acr: 'phr' } }, until],
  [
    'phr asked, and nothing is said after one step',
    { ...young, proved: 'password', demand: { acr: 'phr' } },
    'prove totp or passkey or recovery-code',
  ],
  ['step-up to phr: said at once', { ...young, demand: { purpose: 'step-up', acr: 'phr' } }, until],
  ['step-up to aal2', { ...young, demand: { purpose: 'step-up', acr: 'aal2' } }, 'prove password or passkey'],
  [
    'phr asked, none held and one just made',
    { ...young, proved: 'password totp', enrolled: 'passkey', demand: { acr: 'phr' } },
    until,
  ],
  ['on hold: a late passkey is no way around it', { ...young, proved: 'passkey', verdict: 'hold' }, 'confirm by email'],
  ['refused: nor around that', { ...young, proved: 'passkey', verdict: 'refuse' }, 'refuse'],
  [
    'a change: two kinds do, as before it came',
    { ...young, demand: { purpose: 'change' } },
    'prove password or passkey',
  ],
  [
    'a change, by two kinds',
    { ...young, proved: 'password totp', demand: { purpose: 'change' } },
    'done aal2 pwd otp mfa',
  ],
  [
    'a change, by the late passkey',
    { ...young, proved: 'passkey', demand: { purpose: 'change' } },
    'done aal2 pop user mfa',
  ],
  [
    'another passkey, by the late one',
    { ...young, proved: 'passkey', demand: { purpose: 'add', add: 'passkey' } },
    'enrol passkey',
  ],
  // A password that a mailed link and a code set.
  ['signing in by a reset password', { ...reset, proved: 'password totp' }, 'done mfa pwd otp'],
  [
    'aal2 asked, one step proved',
    { ...reset, proved: 'password', demand: { acr: 'aal2' } },
    'prove totp or email or recovery-code',
  ],
  ['aal2 asked', { ...reset, proved: 'password totp', demand: { acr: 'aal2' } }, until],
  ['a change', { ...reset, demand: { purpose: 'change' } }, until],
  ['a factor more', { ...reset, demand: { purpose: 'add', add: 'passkey' } }, until],
  [
    'a passkey of before does for all of it',
    { has: all, late: 'password:mfa', demand: { purpose: 'change' } },
    'prove passkey or recovery-code',
  ],
  [
    'a reset password and a recovery code stand in for no passkey',
    { has: all, late: 'password:mfa', proved: 'recovery-code password', demand: { purpose: 'change' } },
    'prove passkey',
  ],
]

const authorities: [
  story: string,
  purpose: Purpose,
  proved: string,
  reauthenticated: Acr | undefined,
  answer: Acr | undefined,
][] = [
  ['what an account begins with', 'sign-up', '', undefined, undefined],
  ['by a password and an authenticator', 'add', 'password totp', undefined, 'aal2'],
  ['by a passkey', 'add', 'passkey', undefined, 'phr'],
  ['by a session in which two kinds were proved a moment ago', 'add', '', 'aal2', 'aal2'],
  ['by a session in which a passkey was', 'add', 'sms', 'phr', 'phr'],
  ['on the way to an app that asks for phr', 'sign-in', 'password totp', undefined, 'aal2'],
  ['after a recovery code', 'sign-in', 'password recovery-code', undefined, 'aal2'],
  ['by a mailed link and a code', 'reset', 'totp', undefined, 'mfa'],
  ['by a mailed link and a passkey', 'reset', 'passkey', undefined, 'phr'],
  ['after an identity check', 'recover', '', undefined, 'mfa'],
]

describe('what was added lately', () => {
  for (const [story, row, answer] of table) it(`${story}: ${answer}`, () => expect(step(row)).to.equal(answer))

  for (const [story, purpose, proved, reauthenticated, answer] of authorities)
    it(`counts, ${story}, as ${answer ?? 'its factor does'}`, () =>
      expect(authority({ purpose, reauthenticated }, pick(proved), rules)).to.equal(answer))

  const [passkey] = pick('passkey')
  const at = (createdAt: number, addedUnder?: Acr) => ({ factor: 'passkey', createdAt, addedUnder })
  const clock = { hold: 100, now: 150 }

  it('counts in full once the hold has passed, at once where that is none, and where it was authorised by as much', () => {
    if (!passkey) return expect.fail()
    expect(limitedUntil(at(100, 'aal2'), passkey, clock)).to.equal(200)
    expect(limitedUntil(at(50, 'aal2'), passkey, clock)).to.equal(undefined)
    expect(limitedUntil(at(150, 'aal2'), passkey, { ...clock, hold: 0 })).to.equal(undefined)
    expect(limitedUntil(at(150, 'phr'), passkey, clock)).to.equal(undefined)
    expect(limitedUntil(at(150), passkey, clock)).to.equal(undefined)
  })

  it('hides nothing of what was there before', () => {
    const { available, later } = counted(rules, [at(0), at(140, 'aal2')], clock)
    expect(available.map(each => [each.id, each.strength])).to.deep.equal([['passkey', 'phr']])
    expect(later).to.deep.equal([])
    const late = counted(rules, [at(140, 'aal2'), at(120, 'aal2'), at(130, 'mfa')], clock)
    expect(late.available.map(each => each.strength)).to.deep.equal(['aal2'])
    expect(late.later.map(each => each.at)).to.deep.equal([220])
  })

  it('never makes any way of proving worth more, nor more than authorised it together with nothing else', () => {
    const some = fc.subarray(rules)
    const acrs = fc.constantFrom<Acr>('mfa', 'aal2', 'phr')
    fc.assert(
      fc.property(some, acrs, (proved, most) => {
        const less = assurance(proved.map(each => limited(each, most)))
        expect(less === undefined || reaches(assurance(proved), less)).to.equal(true)
        expect(less === undefined || reaches(most, less)).to.equal(true)
      }),
    )
  })

  it('lets nobody reach by it what they could not reach without, whatever they are here for', () => {
    fc.assert(
      fc.property(standing, each => {
        const late = (list: typeof rules) => list.map(rule => (rule.multiFactor ? limited(rule, 'aal2') : rule))
        const asked = next({
          ...each,
          available: each.available && late([...each.available]),
          proved: late([...each.proved]),
        })
        if (asked.now === 'done') expect(asked.acr).to.not.equal('phr')
      }),
    )
  })
})

describe('a passkey after a sign-in', () => {
  const offers = { offers: true }
  const rows: [story: string, row: Row, answer: string][] = [
    [
      'is offered after a password and a second factor',
      { has: usual, proved: 'password totp' },
      'enrol passkey (optional)',
    ],
    ['not on an emailed code', { has: usual, proved: 'password email' }, 'done mfa pwd otp'],
    ['not on a trusted device', { has: usual, proved: 'password', trusted: true }, 'done mfa pwd'],
    ['not where there is one', { has: all, proved: 'passkey' }, 'done phr pop user mfa'],
    ['not where there is one, and a password was used', { has: all, proved: 'password totp' }, 'done aal2 pwd otp mfa'],
    ['not before the owner confirms', { has: usual, proved: 'password totp', verdict: 'hold' }, 'confirm by email'],
    ['once made, goes on', { has: all, proved: 'password totp', enrolled: 'passkey' }, 'done aal2 pwd otp mfa'],
  ]
  for (const [story, row, answer] of rows) it(story, () => expect(step({ ...row, demand: offers })).to.equal(answer))

  it('is passed over', () => {
    const demand = { ...offers, skipped: ['passkey'] }
    expect(step({ has: usual, proved: 'password totp', demand })).to.equal('done aal2 pwd otp mfa')
  })
})
