import { expect } from 'chai'
import type { Factor } from '../../src/factors/factor.ts'
import type { Purpose } from '../../src/flows/assurance.ts'
import type { Flow } from '../../src/flows/flow-store.ts'
import { next, type Step } from '../../src/flows/policy.ts'
import { weighing } from '../../src/flows/rulings.ts'
import { type Ruling, rulings } from '../../src/risk/verdict.ts'
import type { How } from '../../src/risk/weigh.ts'
import { pick, rules, usual } from '../support/policy.ts'

const visitor = { device: 'd', address: '192.0.2.1', agent: undefined }
const on = 'goes on'
const [confirm, refuse] = ['confirm', 'refuse']

/** What becomes of somebody who has proved enough, by what is made of where they come from. */
const table: Record<Purpose, Record<Ruling, string>> = {
  'sign-in': { allow: on, tell: on, hold: confirm, refuse, bar: refuse },
  'step-up': { allow: on, tell: on, hold: confirm, refuse, bar: refuse },
  reset: { allow: on, tell: on, hold: confirm, refuse, bar: refuse },
  // Rules of the owner's own go with all else that was lost, and are not asked.
  recover: { allow: on, tell: on, hold: confirm, refuse, bar: on },
  // There is no account to have a past.
  'sign-up': { allow: on, tell: on, hold: on, refuse: on, bar: on },
  // They are in, and stay so.
  add: { allow: on, tell: on, hold: on, refuse: on, bar: refuse },
  change: { allow: on, tell: on, hold: on, refuse: on, bar: refuse },
}

/** What was proved, and what the step is, before it was weighed. */
const ways: Record<Purpose, { proved: string; enrolled: string; before: string }[]> = {
  'sign-in': [
    { proved: 'password totp', enrolled: '', before: 'done' },
    { proved: 'password recovery-code', enrolled: '', before: 'enrol' },
  ],
  'step-up': [{ proved: 'password totp', enrolled: '', before: 'done' }],
  reset: [
    { proved: 'totp', enrolled: '', before: 'enrol' },
    { proved: 'recovery-code', enrolled: '', before: 'enrol' },
  ],
  recover: [{ proved: '', enrolled: '', before: 'enrol' }],
  'sign-up': [{ proved: '', enrolled: 'email password totp recovery-code passkey', before: 'done' }],
  add: [{ proved: 'password totp', enrolled: '', before: 'enrol' }],
  change: [{ proved: 'password totp', enrolled: '', before: 'done' }],
}

type Made = { purpose: Purpose; proved: string; enrolled: string; ruling: Ruling; moves?: boolean; available?: string }

/** Weighs a flow as steps do, and says what policy makes of it. */
const made = async ({ purpose, proved, enrolled, ruling, moves = false, available = usual }: Made) => {
  const stepOf = ({ verdict }: Pick<Flow, 'verdict'>) =>
    next({
      offered: rules,
      available: pick(available),
      proved: pick(proved),
      enrolled: pick(enrolled),
      demand: { purpose, add: 'passkey', moves, skipped: [] },
      verdict,
    }) as Step<Factor>
  const risk = {
    weigh: async (_: string, __: object, how: How = {}) => ({
      ruling: ruling === 'bar' && how.rules === false ? ('allow' as const) : ruling,
      why: [],
    }),
  }
  const accounts = { get: async () => undefined, patch: async () => undefined }
  const weigh = weighing({ accounts, risk, devices: { trusted: async () => false }, now: () => 0 })
  const flow = { purpose, account: 'ada', proved: proved.split(' ').filter(Boolean) } as unknown as Flow
  return { before: stepOf({}).now, after: stepOf(await weigh(flow, stepOf, visitor)).now }
}

describe('what is made of where somebody comes from', () => {
  for (const [purpose, row] of Object.entries(table) as [Purpose, Record<Ruling, string>][])
    for (const ruling of rulings)
      for (const way of ways[purpose])
        it(`${purpose}, ${way.proved || 'nothing'} proved, ${ruling}: ${row[ruling]}`, async () => {
          const { before, after } = await made({ purpose, ruling, ...way })
          expect(before).to.equal(way.before)
          expect(after).to.equal(row[ruling] === on ? way.before : row[ruling])
        })

  it('asks no mailbox that is lost, and refuses all the same', async () => {
    const way = { purpose: 'recover', proved: '', enrolled: '', moves: true } as const
    expect((await made({ ...way, ruling: 'hold' })).after).to.equal('enrol')
    expect((await made({ ...way, ruling: 'refuse' })).after).to.equal('refuse')
  })

  it('keeps out nobody who shows a passkey that counts in full, but by the owner’s own rules', async () => {
    const available = `${usual} passkey`
    for (const purpose of ['sign-in', 'step-up', 'reset'] as const)
      for (const [ruling, kept] of [
        ['hold', false],
        ['refuse', false],
        ['bar', true],
      ] as const) {
        const { after } = await made({ purpose, ruling, available, proved: 'passkey', enrolled: '' })
        expect(after === 'refuse', `${purpose} ${ruling}`).to.equal(kept)
      }
  })

  it('says nothing to who has not proved enough', async () => {
    for (const purpose of ['sign-in', 'step-up', 'reset'] as const)
      for (const ruling of rulings) {
        const { after } = await made({ purpose, ruling, proved: purpose === 'reset' ? '' : 'password', enrolled: '' })
        expect(after).to.equal('prove')
      }
  })
})
