import { z } from 'zod'
import type { StaffDecisions } from '../account-recovery/staff-decisions.ts'
import type { Roles } from '../accounts/role.ts'
import { Problem } from '../errors.ts'
import { type Actor, action, freshFor } from './action.ts'

interface Services {
  roles: Pick<Roles, 'has'>
  staffDecisions: Pick<StaffDecisions, 'decide'>
}

/** What the staff do: with a passkey alone, because what they see and decide is other people's. */
export function staffActions({ roles, staffDecisions }: Services) {
  // To anybody else there is nothing here.
  const support = async ({ account }: Actor) => {
    if (!(await roles.has(account.id, 'support'))) throw new Problem('not_found')
  }
  return {
    look: action({
      id: 'staff.look',
      args: z.object({}),
      assurance: 'phr',
      freshFor: freshFor.looking,
      check: (_, actor) => support(actor),
      decidedAnew: true,
      event: 'session.raised',
      leadsTo: '/admin',
    }),
    decide: action({
      id: 'case.decide',
      args: z.object({ number: z.string(), verdict: z.enum(['approve', 'refuse']), reason: z.string() }),
      assurance: 'phr',
      freshFor: freshFor.deciding,
      check: (_, actor) => support(actor),
      run: ({ number, verdict, reason }, { account }) => staffDecisions.decide(number, account, verdict, reason),
      decidedAnew: true,
      event: 'identity.approved',
      leadsTo: '/admin/recovery',
    }),
  }
}
