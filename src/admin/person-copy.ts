import { z } from 'zod'
import type { Receipts } from '../accounts/approval-receipt.ts'
import type { Belongings } from '../accounts/belongings.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { Emit } from '../events.ts'
import type { Approved } from '../flows/approval-statement.ts'
import type { Activity } from '../observers/activity.ts'
import { forReason, operation, recordOf, toAccount } from './operation.ts'
import { ownedBy } from './person-acts.ts'

interface Services {
  belongings: Pick<Belongings, 'of'>
  receipts: Pick<Receipts<Approved>, 'of'>
  activity: Pick<Activity, 'all'>
  issuer: string
  now: () => number
}

/** How many copies one of the staff, or a program, may take, in how long a time in milliseconds. */
const copies = { tries: 20, window: 24 * 3_600_000 }

/** Returns a function that writes a copy of all that is kept of somebody, in JSON, as fast as it is read; `without` names fields that it leaves out. */
export function personCopy({ belongings, receipts, activity, issuer, now }: Services) {
  const receiptsOf = async (account: string) =>
    (await receipts.of(account)).map(({ id, client, at, content }) => ({ id, client, at: moment(at), ...content }))
  async function* entriesOf(account: string) {
    for await (const { sequence, at, name, data, origin } of activity.all(account, {}))
      yield { sequence, at: moment(at), event: name, data, origin }
  }

  return async function* copyOf(account: string, without: readonly string[] = []): AsyncGenerator<string> {
    yield `{"issuer":${JSON.stringify(issuer)},"made":${JSON.stringify(moment(now()))}`
    for (const { name, documents } of belongings.of(account)) yield* list(name, lessOf(documents, without))
    yield* list('receipts', await receiptsOf(account))
    yield* list('activity', entriesOf(account))
    yield '}\n'
  }
}

/** Takes a copy of all that is kept of a person, for staff who answer a request by law. */
export function personExport({
  accounts,
  throttle,
  emit,
  ...services
}: Services & { accounts: Parameters<typeof ownedBy>[0]; throttle: Pick<Throttle, 'ration'>; emit: Emit }) {
  const person = ownedBy(accounts)
  const copyOf = personCopy(services)
  return operation({
    id: 'people.export',
    means:
      'Takes a copy of all that is kept of a person, as their own export has it, without their anti-phishing phrase. They are told.',
    scope: 'admin:people.write',
    at: 'POST /people/{account}/export',
    args: z.object({ ...toAccount, ...forReason }),
    result: z.object({ copy: z.record(z.string(), z.unknown()).describe('A list for each kind of data') }),
    event: 'person.exported',
    unkept: true,
    run: async ({ account, reason }, by) => {
      const { id } = await person(account)
      const { staff, client } = recordOf(by)
      await throttle.ration('people.export', staff ?? `client ${client}`, copies)
      await emit('person.exported', { account: id, ...recordOf(by, reason) }, by.origin)
      // By that phrase the person knows our emails from those of others: it is for nobody else to read.
      let written = ''
      for await (const piece of copyOf(id, ['antiPhishingPhrase'])) written += piece
      return { copy: JSON.parse(written) as Record<string, unknown> }
    },
  })
}

const moment = (at: number): string => new Date(at).toISOString()

async function* lessOf(documents: AsyncIterable<Record<string, unknown>>, without: readonly string[]) {
  for await (const each of documents)
    yield Object.fromEntries(Object.entries(each).filter(([name]) => !without.includes(name)))
}

/** Writes one member of a JSON object: a list, one entry a line. */
async function* list(name: string, entries: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<string> {
  let before = `,\n${JSON.stringify(name)}:[`
  for await (const entry of entries) {
    yield `${before}\n${JSON.stringify(entry)}`
    before = ','
  }
  yield before === ',' ? '\n]' : `${before}]`
}
