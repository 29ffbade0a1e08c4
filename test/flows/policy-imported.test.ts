import { expect } from 'chai'
import fc from 'fast-check'
import { reaches } from '../../src/acr.ts'
import { assurance, guards } from '../../src/flows/assurance.ts'
import { next } from '../../src/flows/policy.ts'
import { type Row, standing, step, usual } from '../support/policy.ts'

const came = 'password email'
const unguarded = { unguarded: true }
const unproved = { unproved: true }

/** What an imported account lacks, and how it makes up for it. */
const table: [story: string, row: Row, answer: string][] = [
  ['a password is proved first', { has: came, demand: unguarded }, 'prove password'],
  [
    'then the mailbox, because nothing else is held',
    { has: came, proved: 'password', demand: unguarded },
    'prove email',
  ],
  ['then a second factor is set up', { has: came, proved: 'password email', demand: unguarded }, 'enrol totp or sms'],
  [
    'whatever the app asks for',
    { has: came, proved: 'password email', demand: { ...unguarded, acr: 'phr' } },
    'enrol totp or sms',
  ],
  [
    'then recovery codes',
    { has: `${came} totp`, proved: 'password email', enrolled: 'totp', late: 'totp:mfa', demand: unguarded },
    'enrol recovery-code',
  ],
  [
    'and all of it is worth no more than an emailed code',
    { has: usual, proved: 'password email', enrolled: 'totp recovery-code', late: 'totp:mfa', demand: unguarded },
    'done mfa pwd otp',
  ],
  [
    'an app that wants more is told to wait for the end of the hold',
    {
      ...{ has: usual, proved: 'password email', enrolled: 'totp recovery-code', late: 'totp:mfa recovery-code:mfa' },
      demand: { ...unguarded, acr: 'aal2' },
    },
    `refuse until 86400000`,
  ],
  [
    'a second factor that came along is proved as ever',
    { has: `${came} totp`, proved: 'password' },
    'prove email or totp',
  ],
  ['nothing can be set up on a password alone', { has: 'password', proved: 'password', demand: unguarded }, 'refuse'],
  [
    'from an unusual place the owner confirms before anything is set up',
    { has: came, proved: 'password email', demand: unguarded, verdict: 'hold' },
    'confirm by email',
  ],
  [
    'a trusted device is no second step for it',
    { has: came, proved: 'password', demand: unguarded, trusted: true },
    'prove email',
  ],
  // An address that nobody has proved.
  ['an unproved address is proved', { has: `${came} totp`, proved: 'password', demand: unproved }, 'prove email'],
  [
    'besides the second factor',
    { has: `${came} totp`, proved: 'password email', demand: { acr: 'aal2' } },
    'prove totp',
  ],
  ['even where a passkey was enough', { has: `${came} passkey`, proved: 'passkey', demand: unproved }, 'prove email'],
  // A forgotten password, or none that came along.
  ['no second factor: a new password', { has: 'email', demand: { ...unguarded, purpose: 'reset' } }, 'enrol password'],
  [
    'then a second factor',
    { has: came, enrolled: 'password', demand: { ...unguarded, purpose: 'reset' } },
    'enrol totp or sms',
  ],
  [
    'then recovery codes',
    { has: `${came} totp`, enrolled: 'password totp', demand: { ...unguarded, purpose: 'reset' } },
    'enrol recovery-code',
  ],
  [
    'a mailbox alone moves no money',
    { has: usual, enrolled: 'password totp recovery-code', demand: { ...unguarded, purpose: 'reset' } },
    'done mfa pwd otp',
  ],
  [
    'a second factor that is held is asked for, whatever the account says of itself',
    { has: usual, demand: { ...unguarded, purpose: 'reset' } },
    'prove totp or recovery-code',
  ],
  [
    'on hold: no new password',
    { has: 'email', demand: { ...unguarded, purpose: 'reset' }, verdict: 'hold' },
    'confirm by email',
  ],
]

describe('flows/policy for imported accounts', () => {
  for (const [story, row, answer] of table) {
    it(story, () => {
      expect(step(row)).to.equal(answer)
    })
  }

  it('lets nobody in without a second factor, wherever they are on their way', () => {
    fc.assert(
      fc.property(standing, each => {
        const held = (each.available ?? []).filter(factor => !guards(factor))
        const demand = { ...each.demand, purpose: 'sign-in' as const, unguarded: true, unproved: false }
        const asked = next({ ...each, available: held, enrolled: [], demand })
        expect(asked.now).to.not.equal('done')
      }),
    )
  })

  it('sets nothing up on less than two steps', () => {
    fc.assert(
      fc.property(standing, each => {
        const demand = { ...each.demand, purpose: 'sign-in' as const, unguarded: true }
        const asked = next({ ...each, demand })
        if (asked.now === 'enrol') expect(reaches(assurance(each.proved), 'mfa')).to.equal(true)
      }),
    )
  })
})
