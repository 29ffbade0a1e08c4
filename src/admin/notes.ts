import { z } from 'zod'
import type { Accounts } from '../accounts/account.ts'
import { id } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { declare, type Store } from '../store/collection.ts'
import { nothing, operation, recordOf, toAccount } from './operation.ts'

/** The longest note, in characters, and the most that are shown of one person. */
const longest = 2_000
const most = 100

const shape = z.object({
  id: z.string(),
  account: z.string(),
  /** Who wrote it: an account of the staff, or the client id of a program. */
  staff: z.string().optional(),
  client: z.string().optional(),
  text: z.string(),
  at: z.number(),
})

/** What staff write down about people, for each other. */
export const notesDeclaration = declare({ name: 'staff_notes', shape, indexes: [['account', 'at']] })

interface Services {
  store: Store
  accounts: Pick<Accounts, 'get'>
  emit: Emit
  now: () => number
}

/** Writes and lists the notes of the staff about people. Nothing of them reaches the person, but in answer to a request by law. */
export function notes({ store, accounts, emit, now }: Services) {
  const kept = store.collection(notesDeclaration)
  const note = z.object({ by: z.string().optional(), text: z.string(), at: z.number() })
  return {
    note: operation({
      id: 'people.note',
      means: 'Writes a note about a person, which other staff read.',
      scope: 'admin:people.note',
      at: 'POST /people/{account}/notes',
      args: z.object({ ...toAccount, text: z.string().max(longest) }),
      result: nothing,
      event: 'note.added',
      run: async ({ account, text: typed }, by) => {
        const text = typed.trim()
        if (text === '') throw new Problem('reason_needed', { field: 'text' })
        if (!(await accounts.get(account))) throw new Problem('not_found')
        const { staff, client } = recordOf(by)
        await kept.insert({ id: id(), account, staff, client, text, at: now() })
        await emit('note.added', { person: account, staff, client }, by.origin)
        return {}
      },
    }),
    notes: operation({
      id: 'people.notes',
      means: 'Lists the notes of the staff about a person, newest first.',
      scope: 'admin:people.read',
      at: 'GET /people/{account}/notes',
      args: z.object(toAccount),
      result: z.object({ notes: z.array(note) }),
      run: async ({ account }) => {
        const found = await kept.find({ account }, { sort: { by: 'at', descending: true }, limit: most })
        const by = async ({ staff, client }: (typeof found)[number]) =>
          staff === undefined ? client : ((await accounts.get(staff))?.email ?? staff)
        return {
          notes: await Promise.all(found.map(async each => ({ by: await by(each), text: each.text, at: each.at }))),
        }
      },
    }),
  }
}
