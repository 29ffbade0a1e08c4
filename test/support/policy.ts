import { expect } from 'chai'
import fc from 'fast-check'
import type { Acr } from '../../src/acr.ts'
import { limited, type Purpose, type Rule } from '../../src/flows/assurance.ts'
import { type Demand, next, type Standing } from '../../src/flows/policy.ts'
import { type Ruling, rulings } from '../../src/risk/verdict.ts'

/** What policy knows of the six factors. */
export const rules: Rule[] = [
  { id: 'password', kind: 'knowledge', amr: ['pwd'], positions: ['first'], strength: 'aal2' },
  {
    id: 'passkey',
    kind: 'possession',
    amr: ['pop', 'user'],
    positions: ['first', 'second'],
    strength: 'phr',
    multiFactor: true,
  },
  { id: 'totp', kind: 'possession', amr: ['otp'], positions: ['second'], strength: 'aal2', mandatory: true },
  {
    id: 'sms',
    kind: 'possession',
    amr: ['sms'],
    positions: ['second'],
    strength: 'aal2',
    mandatory: true,
    channel: 'sms',
  },
  {
    id: 'email',
    kind: 'possession',
    amr: ['otp'],
    positions: ['second'],
    strength: 'mfa',
    identifies: true,
    channel: 'email',
  },
  { id: 'recovery-code', kind: 'possession', amr: ['otp'], positions: ['last'], strength: 'aal2' },
]

/** Those of these ids. */
export const pick = (ids: string): Rule[] => {
  const wanted = ids.split(' ').filter(id => id !== '')
  return wanted.map(id => rules.find(rule => rule.id === id) ?? expect.fail(`no factor ${id}`))
}

/** Somebody on their way. */
export interface Row {
  has: string | undefined
  proved?: string
  enrolled?: string
  demand?: Partial<Demand>
  verdict?: Ruling
  trusted?: boolean
  /** What came lately, and counts for less until `tomorrow`: `passkey:aal2`. */
  late?: string
}

/** When what is late counts in full. */
export const tomorrow = 86_400_000

/** What comes next, in words. */
export const step = ({ has, proved = '', enrolled = '', demand = {}, verdict, trusted, late = '' }: Row): string => {
  const most = new Map(late.split(' ').map(each => each.split(':') as [string, Acr]))
  const now = (rule: Rule): Rule => limited(rule, most.get(rule.id))
  const asked = next({
    offered: rules,
    available: has === undefined ? undefined : pick(has).map(now),
    later: pick(has ?? '').flatMap(factor => (most.has(factor.id) ? [{ factor, at: tomorrow }] : [])),
    proved: pick(proved).map(now),
    enrolled: pick(enrolled),
    demand: { purpose: 'sign-in', skipped: [], ...demand },
    trusted,
    ...(verdict && { verdict: { ruling: verdict, why: ['new-country'] } }),
  })
  if (asked.now === 'done') return `done ${asked.acr ?? ''} ${asked.amr.join(' ')}`.trim()
  if (asked.now === 'refuse') return asked.until === undefined ? 'refuse' : `refuse until ${asked.until}`
  if (asked.now === 'confirm') return `confirm by ${asked.by}`
  const optional = asked.now === 'enrol' && asked.optional ? ' (optional)' : ''
  return `${asked.now} ${asked.from.map(({ id }) => id).join(' or ')}${optional}`
}

/** What most people hold. */
export const usual = 'password totp email recovery-code'

const some = fc.subarray(rules)
/** Anybody, anywhere on any way. */
export const standing: fc.Arbitrary<Standing<Rule>> = fc.record({
  offered: fc.constant(rules),
  available: fc.option(some, { nil: undefined }),
  proved: some,
  enrolled: some,
  verdict: fc.option(fc.record({ ruling: fc.constantFrom(...rulings), why: fc.constant([]) }), { nil: undefined }),
  trusted: fc.option(fc.boolean(), { nil: undefined }),
  demand: fc.record({
    purpose: fc.constantFrom<Purpose>('sign-in', 'sign-up', 'step-up', 'add', 'change', 'reset', 'recover'),
    acr: fc.constantFrom(undefined, 'mfa', 'aal2', 'phr') as fc.Arbitrary<Acr | undefined>,
    add: fc.constantFrom(undefined, 'totp', 'passkey'),
    reauthenticated: fc.boolean(),
    moves: fc.boolean(),
    unguarded: fc.boolean(),
    unproved: fc.boolean(),
    skipped: fc.subarray(rules.map(({ id }) => id)),
  }),
})
