import { expect } from 'chai'
import fc from 'fast-check'
import { assurance } from '../../src/flows/assurance.ts'
import { next } from '../../src/flows/policy.ts'
import { type Row, rules, standing, step, usual } from '../support/policy.ts'

const signsUp = { purpose: 'sign-up', skipped: ['password', 'passkey'] } as const

const table: [story: string, row: Row, answer: string][] = [
  // Signing in.
  ['nobody named yet', { has: undefined }, 'prove password or passkey'],
  ['password proved', { has: usual, proved: 'password' }, 'prove totp or email or recovery-code'],
  ['password and authenticator', { has: usual, proved: 'password totp' }, 'done aal2 pwd otp mfa'],
  ['password and SMS', { has: 'password sms email', proved: 'password sms' }, 'done aal2 pwd sms mfa'],
  ['password and an emailed code is no more than mfa', { has: usual, proved: 'password email' }, 'done mfa pwd otp'],
  ['a passkey is two factors by itself', { has: `${usual} passkey`, proved: 'passkey' }, 'done phr pop user mfa'],
  ['password, and a passkey second', { has: 'password passkey email', proved: 'password' }, 'prove passkey or email'],
  ['email first, and an authenticator: one kind, two steps', { has: 'email totp', proved: 'email' }, 'prove totp'],
  ['email and authenticator are worth mfa', { has: 'email totp', proved: 'email totp' }, 'done mfa otp'],
  ['nothing held after a password', { has: 'password', proved: 'password' }, 'refuse'],
  // Asked for more.
  [
    'aal2 asked: no emailed code',
    { has: usual, proved: 'password', demand: { acr: 'aal2' } },
    'prove totp or recovery-code',
  ],
  ['aal2 asked, only email held', { has: 'password email', proved: 'password', demand: { acr: 'aal2' } }, 'refuse'],
  ['phr asked, passkey held', { has: `${usual} passkey`, proved: 'password', demand: { acr: 'phr' } }, 'prove passkey'],
  [
    'phr asked, none has: first two kinds',
    { has: usual, proved: 'password', demand: { acr: 'phr' } },
    'prove totp or recovery-code',
  ],
  [
    'phr asked, none has: then make one',
    { has: usual, proved: 'password totp', demand: { acr: 'phr' } },
    'enrol passkey',
  ],
  [
    'phr asked, just made: prove it',
    { has: `${usual} passkey`, proved: 'password totp', enrolled: 'passkey', demand: { acr: 'phr' } },
    'prove passkey',
  ],
  [
    'phr asked, emailed code and password do not make a passkey',
    { has: 'password email', proved: 'password email', demand: { acr: 'phr' } },
    'refuse',
  ],
  // A recovery code means that something was lost.
  ['recovery code: set up a factor again', { has: usual, proved: 'password recovery-code' }, 'enrol totp or sms'],
  [
    'recovery code, and set up again',
    { has: usual, proved: 'password recovery-code', enrolled: 'totp' },
    'done aal2 pwd otp mfa',
  ],
  // Who is signed in proves again.
  ['step-up', { has: `${usual} passkey`, demand: { purpose: 'step-up', acr: 'aal2' } }, 'prove password or passkey'],
  [
    'step-up to phr',
    { has: `${usual} passkey`, demand: { purpose: 'step-up', acr: 'phr' } },
    'prove password or passkey',
  ],
  // Out of the ordinary.
  ['told: goes on', { has: usual, proved: 'password totp', verdict: 'tell' }, 'done aal2 pwd otp mfa'],
  [
    'on hold, and not proved enough: first the proofs',
    { has: usual, proved: 'password', verdict: 'hold' },
    'prove totp or email or recovery-code',
  ],
  ['has: the owner confirms', { has: usual, proved: 'password totp', verdict: 'hold' }, 'confirm by email'],
  [
    'on hold, on an emailed code: the same',
    { has: usual, proved: 'password email', verdict: 'hold' },
    'confirm by email',
  ],
  [
    'on hold, by a recovery code: before anything is set up',
    { has: usual, proved: 'password recovery-code', verdict: 'hold' },
    'confirm by email',
  ],
  [
    'on hold, phr asked: before a passkey is made',
    { has: usual, proved: 'password totp', demand: { acr: 'phr' }, verdict: 'hold' },
    'confirm by email',
  ],
  ['a passkey is not held', { has: `${usual} passkey`, proved: 'passkey', verdict: 'hold' }, 'done phr pop user mfa'],
  ['refused', { has: usual, proved: 'password totp', verdict: 'refuse' }, 'refuse'],
  [
    'a passkey is not refused',
    { has: `${usual} passkey`, proved: 'passkey', verdict: 'refuse' },
    'done phr pop user mfa',
  ],
  [
    'step-up is held too',
    { has: usual, proved: 'password totp', demand: { purpose: 'step-up' }, verdict: 'hold' },
    'confirm by email',
  ],
  // Barred by a rule of the owner's own.
  ['barred: not on two factors', { has: usual, proved: 'password totp', verdict: 'bar' }, 'refuse'],
  ['barred: not even by a passkey', { has: `${usual} passkey`, proved: 'passkey', verdict: 'bar' }, 'refuse'],
  [
    'barred: nothing is said before it is proved',
    { has: usual, proved: 'password', verdict: 'bar' },
    'prove totp or email or recovery-code',
  ],
  ['barred: no new password', { has: usual, proved: 'totp', demand: { purpose: 'reset' }, verdict: 'bar' }, 'refuse'],
  [
    'barred: nothing is added',
    { has: usual, proved: 'password totp', demand: { purpose: 'add', add: 'passkey' }, verdict: 'bar' },
    'refuse',
  ],
  // On a trusted device.
  ['trusted, nothing proved', { has: usual, trusted: true }, 'prove password'],
  ['trusted: a password will do, and is worth mfa', { has: usual, proved: 'password', trusted: true }, 'done mfa pwd'],
  [
    'trusted never raises acr: aal2 asked',
    { has: usual, proved: 'password', demand: { acr: 'aal2' }, trusted: true },
    'prove totp or recovery-code',
  ],
  [
    'trusted, proved more all the same',
    { has: usual, proved: 'password totp', trusted: true },
    'done aal2 pwd otp mfa',
  ],
  [
    'trusted changes nothing for changes of protection',
    { has: usual, proved: 'password', demand: { purpose: 'change' }, trusted: true },
    'prove totp or recovery-code',
  ],
  ['nor for a reset', { has: usual, demand: { purpose: 'reset' }, trusted: true }, 'prove totp or recovery-code'],
  // Signing up.
  ['sign-up begins with the address', { has: '', demand: { purpose: 'sign-up' } }, 'enrol email'],
  ['then a password or passkey', { has: '', enrolled: 'email', demand: signsUp }, 'enrol password or passkey'],
  [
    'one of them is mandatory, and no other',
    { has: '', enrolled: 'email passkey', demand: signsUp },
    'enrol totp or sms',
  ],
  // Nothing was signed with it yet.
  [
    'a passkey that was only made',
    { has: '', enrolled: 'email passkey totp recovery-code', demand: signsUp },
    'done mfa otp',
  ],
  ['no password: the passkey alone is asked for', { has: 'passkey totp email recovery-code' }, 'prove passkey'],
  [
    'no password, and the passkey is lost: by the link and the authenticator',
    { has: 'passkey totp email recovery-code', proved: 'totp', demand: { purpose: 'reset' } },
    'enrol password',
  ],
  [
    'then a second factor, which is mandatory',
    { has: '', enrolled: 'email password', demand: { purpose: 'sign-up' } },
    'enrol totp or sms',
  ],
  [
    'then recovery codes',
    { has: '', enrolled: 'email password sms', demand: { purpose: 'sign-up' } },
    'enrol recovery-code',
  ],
  [
    'then a passkey is offered',
    { has: '', enrolled: 'email password totp recovery-code', demand: { purpose: 'sign-up' } },
    'enrol passkey (optional)',
  ],
  [
    'which may be skipped',
    {
      has: '',
      enrolled: 'email password totp recovery-code',
      demand: { purpose: 'sign-up', skipped: ['passkey'] },
    },
    'done aal2 otp pwd mfa',
  ],
  [
    'skipping the second factor skips nothing',
    { has: '', enrolled: 'email password', demand: { purpose: 'sign-up', skipped: ['totp', 'sms'] } },
    'enrol totp or sms',
  ],
  [
    'making a passkey is not yet proving it',
    { has: '', enrolled: 'email password sms recovery-code passkey', demand: { purpose: 'sign-up' } },
    'done aal2 otp pwd sms mfa',
  ],
]

describe('policy', () => {
  for (const [story, row, answer] of table) it(`${story}: ${answer}`, () => expect(step(row)).to.equal(answer))

  const some = fc.subarray(rules)

  it('never offers an empty list of choices', () => {
    fc.assert(
      fc.property(standing, each => {
        const asked = next(each)
        if (asked.now === 'prove' || asked.now === 'enrol') expect(asked.from).to.not.be.empty
      }),
    )
  })

  it('lets nobody in on one factor that is not two by itself, nor below what was asked', () => {
    fc.assert(
      fc.property(standing, each => {
        const asked = next(each)
        if (asked.now !== 'done' || !['sign-in', 'step-up'].includes(each.demand.purpose)) return
        const alone = each.trusted && asked.acr === 'mfa'
        expect(alone || each.proved.some(({ multiFactor }) => multiFactor) || each.proved.length > 1).to.equal(true)
        const order = ['mfa', 'aal2', 'phr']
        expect(order.indexOf(asked.acr ?? '')).to.be.at.least(order.indexOf(each.demand.acr ?? 'mfa'))
      }),
    )
  })

  it('lets nobody in, nor leave anything behind, who is held or refused, but by a passkey', () => {
    fc.assert(
      fc.property(standing, each => {
        const { ruling = 'allow' } = each.verdict ?? {}
        if (!['sign-in', 'step-up'].includes(each.demand.purpose) || !['hold', 'refuse'].includes(ruling)) return
        if (!each.proved.some(({ multiFactor }) => multiFactor))
          expect(next(each).now).to.be.oneOf(['prove', 'confirm', 'refuse'])
      }),
    )
  })

  it('gives a trusted device nothing that aal2 opens', () => {
    fc.assert(
      fc.property(standing, each => {
        const [with_, without] = [next({ ...each, trusted: true }), next({ ...each, trusted: false })]
        if (with_.now === 'done' && with_.acr !== 'mfa') expect(with_).to.deep.equal(without)
        if (with_.now === 'enrol') expect(without.now).to.equal('enrol')
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
