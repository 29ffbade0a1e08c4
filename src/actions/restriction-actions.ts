import { z } from 'zod'
import { type Account, restrictionsShape, travelShape } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import type { Commit } from '../flows/committing.ts'
import { loosened } from '../risk/restrictions.ts'
import type { Risk } from '../risk/weigh.ts'
import { action, freshFor } from './action.ts'
import type { Settle } from './alert-actions.ts'

interface Services {
  risk: Pick<Risk, 'bars'>
  commit: Commit
  settle: Settle
  now: () => number
}

const proved = { assurance: 'strongest', freshFor: freshFor.changes, leadsTo: '/account/security' } as const
const rules = (account: Account) => account.restrictions ?? {}

/** Who may sign in to an account at all, and where its owner will be. */
export function restrictionActions({ risk, commit, settle, now }: Services) {
  return {
    restrict: action({
      ...proved,
      id: 'restrictions.change',
      args: z.object({ to: restrictionsShape }),
      check: async ({ to }, { account, visitor }) => {
        const [shut] = await risk.bars({ ...account, restrictions: to }, visitor)
        if (shut !== undefined) throw new Problem('shuts_out', { field: shut.slice('only-'.length) })
      },
      loosens: ({ to }, account) => loosened(rules(account), to),
      run: async ({ to }, { account, visitor, loosens }) => {
        const restrictions = Object.keys(to).length > 0 ? to : undefined
        const events = [{ name: 'restrictions.changed' as const, data: { account: account.id } }]
        const wanted = { settings: { restrictions }, fields: { ruledAt: now() }, loosens, events }
        if (!(await commit(account, wanted, visitor))) throw new Problem('conflict')
      },
      endsSessions: { which: 'others', why: 'protection-changed' },
      typedAt: '/account/security/restrictions',
      event: 'restrictions.changed',
      done: async (_, { account }) => ({ undo: { id: 'restrictions.change', args: { to: rules(account) } } }),
      undoes: true,
    }),
    travel: action({
      ...proved,
      id: 'travel.change',
      args: z.object({ to: travelShape.optional() }),
      run: ({ to }, actor) => {
        const events = [{ name: 'travel.changed' as const, data: { account: actor.account.id } }]
        return settle(actor, { settings: { travel: to }, fields: { ruledAt: now() }, events })
      },
      event: 'travel.changed',
      done: async ({ to }, { account: { travel: before } }) => ({
        key: `done.travel.${to ? 'on' : 'off'}`,
        undo: { id: 'travel.change', args: before && before.until > now() ? { to: before } : {} },
      }),
      undoes: true,
    }),
  }
}
