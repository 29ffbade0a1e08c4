import { expect } from 'chai'
import fc from 'fast-check'
import { assurance, loosens, type Purpose, removable } from '../../src/flows/assurance.ts'
import { next } from '../../src/flows/policy.ts'
import { pick, type Row, standing, step, usual } from '../support/policy.ts'

const table: [story: string, row: Row, answer: string][] = [
  // Adding a factor.
  [
    'add a passkey: first the strongest held',
    { has: usual, demand: { purpose: 'add', add: 'passkey' } },
    'prove password',
  ],
  [
    'the strongest was proved a moment ago',
    { has: usual, demand: { purpose: 'add', add: 'passkey', reauthenticated: true } },
    'enrol passkey',
  ],
  [
    'added: worth no acr',
    { has: usual, enrolled: 'passkey', demand: { purpose: 'add', add: 'passkey', reauthenticated: true } },
    'done',
  ],
  [
    'added: worth what was proved for it',
    { has: usual, proved: 'password totp', enrolled: 'passkey', demand: { purpose: 'add', add: 'passkey' } },
    'done aal2 pwd otp mfa',
  ],
  ['add something unheard of', { has: usual, demand: { purpose: 'add', add: 'tattoo' } }, 'refuse'],
  [
    'another phone: the old one answers first',
    { has: 'password sms email', demand: { purpose: 'add', add: 'sms', reauthenticated: true } },
    'prove sms',
  ],
  [
    'the old phone is gone: a recovery code stands in',
    {
      has: 'password sms email recovery-code',
      proved: 'recovery-code',
      demand: { purpose: 'add', add: 'sms', reauthenticated: true },
    },
    'enrol sms',
  ],
  [
    'another address: the old one answers first',
    { has: usual, proved: 'password totp', demand: { purpose: 'add', add: 'email' } },
    'prove email or recovery-code',
  ],
  [
    'then the new one',
    { has: usual, proved: 'password totp email', demand: { purpose: 'add', add: 'email' } },
    'enrol email',
  ],
  // Changing what protects an account.
  ['a change asks for two kinds', { has: usual, demand: { purpose: 'change' } }, 'prove password'],
  [
    'and never for an emailed code',
    { has: usual, proved: 'password', demand: { purpose: 'change' } },
    'prove totp or recovery-code',
  ],
  ['two kinds do', { has: usual, proved: 'password totp', demand: { purpose: 'change' } }, 'done aal2 pwd otp mfa'],
  [
    'who holds a passkey proves that',
    { has: `${usual} passkey`, demand: { purpose: 'change' } },
    'prove passkey or recovery-code',
  ],
  [
    'a password and an authenticator are not the strongest then',
    { has: `${usual} passkey`, proved: 'password totp', demand: { purpose: 'change' } },
    'prove passkey or recovery-code',
  ],
  [
    'a recovery code alone does not stand in for it',
    { has: `${usual} passkey`, proved: 'recovery-code', demand: { purpose: 'change' } },
    'prove password',
  ],
  [
    'a recovery code and the password do',
    { has: `${usual} passkey`, proved: 'recovery-code password', demand: { purpose: 'change' } },
    'done aal2 otp pwd mfa',
  ],
  ['proved a moment ago', { has: usual, demand: { purpose: 'change', reauthenticated: true } }, 'done'],
  // After a mailed link.
  [
    'reset: the second factor, and not by mail again',
    { has: `${usual} sms passkey`, demand: { purpose: 'reset' } },
    'prove totp or sms or passkey or recovery-code',
  ],
  ['reset: nothing but the mailbox is held', { has: 'password email', demand: { purpose: 'reset' } }, 'refuse'],
  ['reset: then a new password', { has: usual, proved: 'totp', demand: { purpose: 'reset' } }, 'enrol password'],
  [
    'reset: a mailbox and an authenticator are worth mfa',
    { has: usual, proved: 'totp', enrolled: 'password', demand: { purpose: 'reset' } },
    'done mfa otp',
  ],
  [
    'reset: a passkey is worth what it always is',
    { has: `${usual} passkey`, proved: 'passkey', enrolled: 'password', demand: { purpose: 'reset' } },
    'done phr pop user mfa',
  ],
  [
    'reset by recovery code: set up a factor again',
    { has: usual, proved: 'recovery-code', enrolled: 'password', demand: { purpose: 'reset' } },
    'enrol totp or sms',
  ],
  // After an identity check.
  ['recover: a new password, and nothing to prove', { has: '', demand: { purpose: 'recover' } }, 'enrol password'],
  [
    'recover: a new address before that, where the mailbox is lost',
    { has: '', demand: { purpose: 'recover', moves: true } },
    'enrol email',
  ],
  [
    'recover: then a second factor, and not by mail',
    { has: '', enrolled: 'email password', demand: { purpose: 'recover', moves: true } },
    'enrol totp or sms',
  ],
  [
    'recover: then recovery codes',
    { has: usual, enrolled: 'password totp', demand: { purpose: 'recover' } },
    'enrol recovery-code',
  ],
  [
    'recover: worth mfa, whatever was set up',
    { has: usual, enrolled: 'password totp recovery-code', demand: { purpose: 'recover' } },
    'done mfa pwd otp',
  ],
  [
    'recover: rules of the owner’s own go with it',
    { has: usual, enrolled: 'password sms recovery-code', demand: { purpose: 'recover' }, verdict: 'bar' },
    'done mfa pwd sms',
  ],
]

const removals: [story: string, has: string, factor: string, answer: string][] = [
  ['one of two ways', 'password totp sms email', 'totp', 'yes'],
  ['the authenticator of who has a passkey', 'password totp passkey email', 'totp', 'yes'],
  ['one of two authenticators', 'password totp totp email', 'totp', 'yes'],
  ['the only way', 'password totp email recovery-code', 'totp', 'last'],
  ['the last passkey of who has nothing else', 'password passkey email', 'passkey', 'last'],
  ['a number that nobody has proved, beside an authenticator', 'password email totp', 'sms', 'yes'],
  ['a number that nobody has proved, beside nothing else', 'password email', 'sms', 'last'],
  ['a password', 'password totp passkey', 'password', 'never'],
  ['the address', 'password totp passkey email', 'email', 'never'],
]

const loosening: [
  story: string,
  did: 'added' | 'replaced' | 'removed',
  factor: string,
  purpose: Purpose,
  proved: string,
  answer: boolean,
][] = [
  ['a factor that is gone', 'removed', 'passkey', 'change', 'passkey', true],
  ['another phone', 'replaced', 'sms', 'add', 'passkey', true],
  ['a first phone', 'added', 'sms', 'add', 'password totp', true],
  ['another address', 'replaced', 'email', 'add', 'passkey', true],
  ['a passkey more', 'added', 'passkey', 'add', 'password totp', false],
  ['an authenticator more', 'added', 'totp', 'add', 'password sms', false],
  ['another password, by who proved the strongest', 'replaced', 'password', 'add', 'password totp', false],
  ['another password, by a mailed link', 'replaced', 'password', 'reset', 'totp', true],
  ['new recovery codes', 'replaced', 'recovery-code', 'add', 'password totp', false],
  ['a factor set up on the strength of a recovery code', 'added', 'totp', 'sign-in', 'password recovery-code', true],
]

describe('policy of changes', () => {
  for (const [story, row, answer] of table) it(`${story}: ${answer}`, () => expect(step(row)).to.equal(answer))

  for (const [story, available, factor, answer] of removals)
    it(`removing ${story}: ${answer}`, () => {
      const [chosen = expect.fail()] = pick(factor)
      expect(removable(pick(available), chosen)).to.equal(answer)
    })

  for (const [story, did, factor, purpose, proved, answer] of loosening)
    it(`${answer ? 'has apps wait after' : 'has nobody wait after'} ${story}`, () => {
      const [chosen = expect.fail()] = pick(factor)
      expect(loosens(did, chosen, { purpose, proved: pick(proved) })).to.equal(answer)
    })

  it('changes nothing before two kinds or a passkey were proved, now or a moment ago', () => {
    fc.assert(
      fc.property(standing, each => {
        const { purpose, reauthenticated } = each.demand
        const asked = next(each)
        const early = asked.now === 'enrol' || (asked.now === 'done' && purpose === 'change')
        if ((purpose !== 'change' && purpose !== 'add') || reauthenticated || !early) return
        expect(assurance(each.proved)).to.be.oneOf(['aal2', 'phr'])
        const recovered = each.proved.some(({ positions }) => positions.includes('last'))
        if (each.available?.some(({ multiFactor }) => multiFactor) && !recovered)
          expect(assurance(each.proved)).to.equal('phr')
      }),
    )
  })

  it('asks for nothing less than everything anew after an identity check, and is worth no more than mfa', () => {
    fc.assert(
      fc.property(standing, each => {
        const asked = next({ ...each, verdict: undefined, demand: { ...each.demand, purpose: 'recover' } })
        if (asked.now !== 'done') {
          expect(asked).to.include({ now: 'enrol', optional: false })
          return
        }
        expect(asked.acr).to.equal('mfa')
        const enrolled = each.enrolled.map(({ id }) => id)
        expect(enrolled).to.include.members(['password', 'recovery-code'])
        expect(enrolled).to.satisfy((ids: string[]) => ids.includes('totp') || ids.includes('sms'))
        if (each.demand.moves) expect(enrolled).to.include('email')
      }),
    )
  })

  it('never takes a mailbox for the second factor of a reset', () => {
    fc.assert(
      fc.property(standing, each => {
        const asked = next({ ...each, demand: { ...each.demand, purpose: 'reset', unguarded: false } })
        if (asked.now === 'prove') expect(asked.from.map(({ id }) => id)).to.not.include('email')
        if (asked.now === 'enrol' || asked.now === 'done')
          expect(each.proved.some(({ id }) => !['password', 'email'].includes(id))).to.equal(true)
        if (
          asked.now === 'done' &&
          !each.proved.some(({ multiFactor }) => multiFactor) &&
          !each.proved.some(({ kind }) => kind === 'knowledge')
        )
          expect(asked.acr).to.equal('mfa')
      }),
    )
  })
})
