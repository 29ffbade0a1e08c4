import { z } from 'zod'
import type { Throttle } from '../accounts/throttle.ts'
import { personCopy } from '../admin/person-copy.ts'
import type { Owner } from '../api-keys/owner.ts'
import type { Emit } from '../events.ts'
import type { Closing } from '../flows/closing.ts'
import { action, freshFor } from './action.ts'

type Services = Parameters<typeof personCopy>[0] & {
  throttle: Pick<Throttle, 'ration'>
  closing: Pick<Closing, 'start' | 'sweep'>
  owner: Pick<Owner, 'revokeAll'>
  emit: Emit
}

/** How many copies one account may be given, in how long a time in milliseconds: each reads all that there is. */
const copies = { tries: 5, window: 24 * 3_600_000 }

/** What people do with all that is kept of them: take a copy along, and have it removed with the account. */
export function dataActions(services: Services) {
  const { throttle, closing, owner, emit } = services

  const copyOf = personCopy(services)

  return {
    /** Gives a copy of all that is kept of somebody (GDPR, articles 15 and 20), in JSON, read as fast as it is taken. */
    export: action({
      id: 'data.export',
      args: z.object({}),
      assurance: 'strongest',
      freshFor: freshFor.changes,
      run: async (_, { account: { id }, visitor }) => {
        await throttle.ration('data', id, copies)
        await emit('data.exported', { account: id }, visitor)
        return copyOf(id)
      },
      event: 'data.exported',
      leadsTo: '/account/data',
      shownAt: flow => `/account/data?attempt=${flow}`,
    }),
    close: action({
      id: 'account.close',
      args: z.object({}),
      assurance: 'strongest',
      freshFor: freshFor.changes,
      run: async (_, { account, visitor }) => {
        await closing.start(account, visitor)
        // They sign nothing from then on; this tells their owner so, key by key.
        await owner.revokeAll(account.id, visitor)
      },
      endsSessions: { which: 'all', why: 'closed' },
      sweep: () => closing.sweep(),
      event: 'closing.started',
      leadsTo: '/closing',
    }),
  }
}
