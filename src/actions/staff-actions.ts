import { z } from 'zod'
import type { CaseNews } from '../account-recovery/case-news.ts'
import { checks } from '../account-recovery/cases.ts'
import type { StaffDecisions } from '../account-recovery/staff-decisions.ts'
import { type AdminScope, adminScopes, type Roles } from '../accounts/role.ts'
import type { Admin } from '../admin/index.ts'
import { changes, type Operation, type Operator, permitted } from '../admin/operation.ts'
import { Problem } from '../errors.ts'
import { type Action, type Actor, action, freshFor } from './action.ts'

interface Services {
  roles: Pick<Roles, 'scopes'>
  staffDecisions: Pick<StaffDecisions, 'decide'>
  caseNews: CaseNews
  admin: Pick<Admin, 'list' | 'waiting'>
}

/** Resolves to a member of the staff as operations know them. Throws `not_found` for people who have no role: to them there is nothing here. */
async function operatorOf(roles: Pick<Roles, 'scopes'>, { account, visitor }: Pick<Actor, 'account' | 'visitor'>) {
  const scopes = await roles.scopes(account.id)
  if (scopes.size === 0) throw new Problem('not_found')
  return { staff: account, scopes, origin: { request: visitor.request } } satisfies Operator
}

/** What the staff do: with a passkey alone, because what they see and decide is other people's. */
export function staffActions({ roles, staffDecisions, caseNews, admin }: Services) {
  const permits = async (scope: AdminScope, actor: Actor) => {
    if (!(await operatorOf(roles, actor)).scopes.has(scope)) throw new Problem('not_permitted')
  }
  const opening = (id: string, within: number) =>
    action({
      id,
      args: z.object({ scope: z.enum(adminScopes) }),
      assurance: 'phr',
      freshFor: within,
      check: ({ scope }, actor) => permits(scope, actor),
      decidedAnew: true,
      event: 'session.raised',
      leadsTo: '/admin',
    })
  return {
    /** Opens a page of the staff, and one that asks before something is changed. */
    look: opening('staff.look', freshFor.looking),
    confirm: opening('staff.confirm', freshFor.confirming),
    decide: action({
      id: 'case.decide',
      args: z.object({
        number: z.string(),
        verdict: z.enum(['approve', 'refuse']),
        reason: z.string(),
        checks: z.array(z.enum(checks)).default([]),
      }),
      assurance: 'phr',
      freshFor: freshFor.deciding,
      check: (_, actor) => permits('admin:recovery.decide', actor),
      run: ({ number, ...decided }, { account }) => staffDecisions.decide(number, account, decided),
      sweep: () => caseNews.tell(admin.waiting),
      decidedAnew: true,
      event: 'identity.approved',
      done: async ({ verdict, number }) => ({ key: `done.case.${verdict}`, values: { number } }),
      leadsTo: '/admin/recovery',
    }),
  }
}

/** What the staff change for others: every operation of the console that changes something, as an action. */
export function operationActions({ roles, admin }: Pick<Services, 'roles' | 'admin'>): Record<string, Action> {
  const acting = (operation: Operation): Action =>
    action({
      id: operation.id,
      args: operation.args,
      assurance: 'phr',
      freshFor: freshFor.acting,
      check: async (args, actor) => permitted(operation, args, await operatorOf(roles, actor)),
      run: async (args, actor) => operation.run(args, await operatorOf(roles, actor)),
      decidedAnew: true,
      event: operation.event ?? 'session.raised',
      leadsTo: '/admin',
    })
  return Object.fromEntries(admin.list.filter(changes).map(each => [each.id, acting(each)]))
}
