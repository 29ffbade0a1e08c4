import { z } from 'zod'
import type { Receipts } from '../accounts/approval-receipt.ts'
import type { Belongings } from '../accounts/belongings.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { Owner } from '../api-keys/owner.ts'
import type { Emit } from '../events.ts'
import type { Approved } from '../flows/approval-statement.ts'
import type { Closing } from '../flows/closing.ts'
import type { Activity } from '../observers/activity.ts'
import { action, freshFor } from './action.ts'

interface Services {
  belongings: Pick<Belongings, 'of'>
  receipts: Pick<Receipts<Approved>, 'of'>
  activity: Pick<Activity, 'all'>
  throttle: Pick<Throttle, 'ration'>
  closing: Pick<Closing, 'start' | 'sweep'>
  owner: Pick<Owner, 'revokeAll'>
  emit: Emit
  issuer: string
  now: () => number
}

/** How many copies one account may be given, in how long a time in milliseconds: each reads all that there is. */
const copies = { tries: 5, window: 24 * 3_600_000 }

/** What people do with all that is kept of them: take a copy along, and have it removed with the account. */
export function dataActions(services: Services) {
  const { belongings, receipts, activity, throttle, closing, owner, emit, issuer, now } = services

  async function* copyOf(account: string): AsyncGenerator<string> {
    yield `{"issuer":${JSON.stringify(issuer)},"made":${JSON.stringify(moment(now()))}`
    for (const { name, documents } of belongings.of(account)) yield* list(name, documents)
    yield* list('receipts', await receiptsOf(account))
    yield* list('activity', entriesOf(account))
    yield '}\n'
  }
  const receiptsOf = async (account: string) =>
    (await receipts.of(account)).map(({ id, client, at, content }) => ({ id, client, at: moment(at), ...content }))
  async function* entriesOf(account: string) {
    for await (const { sequence, at, name, data, origin } of activity.all(account, {}))
      yield { sequence, at: moment(at), event: name, data, origin }
  }

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

const moment = (at: number): string => new Date(at).toISOString()

/** Writes one member of a JSON object: a list, one entry a line. */
async function* list(name: string, entries: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<string> {
  let before = `,\n${JSON.stringify(name)}:[`
  for await (const entry of entries) {
    yield `${before}\n${JSON.stringify(entry)}`
    before = ','
  }
  yield before === ',' ? '\n]' : `${before}]`
}
