import { z } from 'zod'
import type { StaffDecisions } from '../account-recovery/staff-decisions.ts'
import { type AdminScope, adminScopes, type Roles } from '../accounts/role.ts'
import { Problem } from '../errors.ts'
import { type Actor, action, freshFor } from './action.ts'

interface Services {
  roles: Pick<Roles, 'scopes'>
  staffDecisions: Pick<StaffDecisions, 'decide'>
}

/** What the staff do: with a passkey alone, because what they see and decide is other people's. */
export function staffActions({ roles, staffDecisions }: Services) {
  const permits = async (scope: AdminScope, { account }: Actor) => {
    const scopes = await roles.scopes(account.id)
    // To people who have no role there is nothing here.
    if (scopes.size === 0) throw new Problem('not_found')
    if (!scopes.has(scope)) throw new Problem('not_permitted')
  }
  return {
    look: action({
      id: 'staff.look',
      args: z.object({ scope: z.enum(adminScopes) }),
      assurance: 'phr',
      freshFor: freshFor.looking,
      check: ({ scope }, actor) => permits(scope, actor),
      decidedAnew: true,
      event: 'session.raised',
      leadsTo: '/admin',
    }),
    decide: action({
      id: 'case.decide',
      args: z.object({ number: z.string(), verdict: z.enum(['approve', 'refuse']), reason: z.string() }),
      assurance: 'phr',
      freshFor: freshFor.deciding,
      check: (_, actor) => permits('admin:recovery.decide', actor),
      run: ({ number, verdict, reason }, { account }) => staffDecisions.decide(number, account, verdict, reason),
      decidedAnew: true,
      event: 'identity.approved',
      leadsTo: '/admin/recovery',
    }),
  }
}
