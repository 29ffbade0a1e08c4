import { expect } from 'chai'
import fc from 'fast-check'
import type { Acr } from '../../src/factors/factor.ts'
import { assurance, type Demand, next, type Rule, type Standing } from '../../src/flows/policy.ts'

const rules: Rule[] = [
  { id: 'password', kind: 'known', amr: ['pwd'], stands: ['first'], strength: 'aal2' },
  { id: 'passkey', kind: 'held', amr: ['pop', 'user'], stands: ['first', 'second'], strength: 'phr', whole: true },
  { id: 'totp', kind: 'held', amr: ['otp'], stands: ['second'], strength: 'aal2', mandatory: true },
  { id: 'sms', kind: 'held', amr: ['sms'], stands: ['second'], strength: 'aal2', mandatory: true },
  { id: 'email', kind: 'held', amr: ['otp'], stands: ['second'], strength: 'mfa', identifies: true },
  { id: 'recovery-code', kind: 'held', amr: ['otp'], stands: ['last'], strength: 'aal2' },
]

const pick = (ids: string): Rule[] => {
  const wanted = ids.split(' ').filter(id => id !== '')
  return wanted.map(id => rules.find(rule => rule.id === id) ?? expect.fail(`no factor ${id}`))
}

interface Row {
  held: string | undefined
  proved?: string
  fresh?: string
  demand?: Partial<Demand>
}

const step = ({ held, proved = '', fresh = '', demand = {} }: Row): string => {
  const asked = next({
    offered: rules,
    held: held === undefined ? undefined : pick(held),
    proved: pick(proved),
    fresh: pick(fresh),
    demand: { purpose: 'sign-in', skipped: [], ...demand },
  })
  if (asked.now === 'done') return `done ${asked.acr ?? ''} ${asked.amr.join(' ')}`.trim()
  if (asked.now === 'refuse') return 'refuse'
  const optional = asked.now === 'enrol' && asked.optional ? ' (optional)' : ''
  return `${asked.now} ${asked.from.map(({ id }) => id).join(' or ')}${optional}`
}

const usual = 'password totp email recovery-code'

const table: [story: string, row: Row, answer: string][] = [
  // Signing in.
  ['nobody named yet', { held: undefined }, 'prove password or passkey'],
  ['password proved', { held: usual, proved: 'password' }, 'prove totp or email or recovery-code'],
  ['password and authenticator', { held: usual, proved: 'password totp' }, 'done aal2 pwd otp mfa'],
  ['password and SMS', { held: 'password sms email', proved: 'password sms' }, 'done aal2 pwd sms mfa'],
  ['password and an emailed code is no more than mfa', { held: usual, proved: 'password email' }, 'done mfa pwd otp'],
  ['a passkey is whole', { held: `${usual} passkey`, proved: 'passkey' }, 'done phr pop user mfa'],
  ['password, and a passkey second', { held: 'password passkey email', proved: 'password' }, 'prove passkey or email'],
  ['email first, and an authenticator: one kind, two steps', { held: 'email totp', proved: 'email' }, 'prove totp'],
  ['email and authenticator are worth mfa', { held: 'email totp', proved: 'email totp' }, 'done mfa otp'],
  ['nothing held after a password', { held: 'password', proved: 'password' }, 'refuse'],
  // Asked for more.
  [
    'aal2 asked: no emailed code',
    { held: usual, proved: 'password', demand: { acr: 'aal2' } },
    'prove totp or recovery-code',
  ],
  ['aal2 asked, only email held', { held: 'password email', proved: 'password', demand: { acr: 'aal2' } }, 'refuse'],
  [
    'phr asked, passkey held',
    { held: `${usual} passkey`, proved: 'password', demand: { acr: 'phr' } },
    'prove passkey',
  ],
  [
    'phr asked, none held: first two kinds',
    { held: usual, proved: 'password', demand: { acr: 'phr' } },
    'prove totp or recovery-code',
  ],
  [
    'phr asked, none held: then make one',
    { held: usual, proved: 'password totp', demand: { acr: 'phr' } },
    'enrol passkey',
  ],
  [
    'phr asked, just made: prove it',
    { held: `${usual} passkey`, proved: 'password totp', fresh: 'passkey', demand: { acr: 'phr' } },
    'prove passkey',
  ],
  [
    'phr asked, emailed code and password do not make a passkey',
    { held: 'password email', proved: 'password email', demand: { acr: 'phr' } },
    'refuse',
  ],
  // A recovery code means that something was lost.
  ['recovery code: set up a factor again', { held: usual, proved: 'password recovery-code' }, 'enrol totp or sms'],
  [
    'recovery code, and set up again',
    { held: usual, proved: 'password recovery-code', fresh: 'totp' },
    'done aal2 pwd otp mfa',
  ],
  // Who is signed in proves again.
  ['step-up', { held: `${usual} passkey`, demand: { purpose: 'step-up', acr: 'aal2' } }, 'prove password or passkey'],
  [
    'step-up to phr',
    { held: `${usual} passkey`, demand: { purpose: 'step-up', acr: 'phr' } },
    'prove password or passkey',
  ],
  // Signing up.
  ['sign-up begins with the address', { held: '', demand: { purpose: 'sign-up' } }, 'enrol email'],
  ['then a password', { held: '', fresh: 'email', demand: { purpose: 'sign-up' } }, 'enrol password'],
  [
    'then a second factor, which is mandatory',
    { held: '', fresh: 'email password', demand: { purpose: 'sign-up' } },
    'enrol totp or sms',
  ],
  [
    'then recovery codes',
    { held: '', fresh: 'email password sms', demand: { purpose: 'sign-up' } },
    'enrol recovery-code',
  ],
  [
    'then a passkey is offered',
    { held: '', fresh: 'email password totp recovery-code', demand: { purpose: 'sign-up' } },
    'enrol passkey (optional)',
  ],
  [
    'which may be skipped',
    { held: '', fresh: 'email password totp recovery-code', demand: { purpose: 'sign-up', skipped: ['passkey'] } },
    'done aal2 otp pwd mfa',
  ],
  [
    'skipping the second factor skips nothing',
    { held: '', fresh: 'email password', demand: { purpose: 'sign-up', skipped: ['totp', 'sms'] } },
    'enrol totp or sms',
  ],
  [
    'making a passkey is not yet proving it',
    { held: '', fresh: 'email password sms recovery-code passkey', demand: { purpose: 'sign-up' } },
    'done aal2 otp pwd sms mfa',
  ],
  // Adding a factor.
  ['add a passkey', { held: usual, demand: { purpose: 'add', add: 'passkey' } }, 'enrol passkey'],
  ['added: worth no acr', { held: usual, fresh: 'passkey', demand: { purpose: 'add', add: 'passkey' } }, 'done'],
  ['add something unheard of', { held: usual, demand: { purpose: 'add', add: 'tattoo' } }, 'refuse'],
]

describe('policy', () => {
  for (const [story, row, answer] of table) it(`${story}: ${answer}`, () => expect(step(row)).to.equal(answer))

  const some = fc.subarray(rules)
  const standing: fc.Arbitrary<Standing<Rule>> = fc.record({
    offered: fc.constant(rules),
    held: fc.option(some, { nil: undefined }),
    proved: some,
    fresh: some,
    demand: fc.record({
      purpose: fc.constantFrom('sign-in', 'sign-up', 'step-up', 'add'),
      acr: fc.constantFrom(undefined, 'mfa', 'aal2', 'phr') as fc.Arbitrary<Acr | undefined>,
      add: fc.constantFrom(undefined, 'totp', 'passkey'),
      skipped: fc.subarray(rules.map(({ id }) => id)),
    }),
  })

  it('never offers an empty list of choices', () => {
    fc.assert(
      fc.property(standing, each => {
        const asked = next(each)
        if (asked.now === 'prove' || asked.now === 'enrol') expect(asked.from).to.not.be.empty
      }),
    )
  })

  it('lets nobody in on one factor that is not whole, nor below what was asked', () => {
    fc.assert(
      fc.property(standing, each => {
        const asked = next(each)
        if (asked.now !== 'done' || each.demand.purpose === 'sign-up' || each.demand.purpose === 'add') return
        expect(each.proved.some(({ whole }) => whole) || each.proved.length > 1).to.equal(true)
        const order = ['mfa', 'aal2', 'phr']
        expect(order.indexOf(asked.acr ?? '')).to.be.at.least(order.indexOf(each.demand.acr ?? 'mfa'))
      }),
    )
  })

  it('is never worth less for one more proof', () => {
    fc.assert(
      fc.property(some, fc.constantFrom(...rules), (proved, more) => {
        const order = [undefined, 'mfa', 'aal2', 'phr']
        expect(order.indexOf(assurance([...proved, more]))).to.be.at.least(order.indexOf(assurance(proved)))
      }),
    )
  })
})
