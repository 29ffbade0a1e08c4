import { z } from 'zod'
import { type Collection, type Doc, declare, type Store } from './collection.ts'
import { allOf, every } from './whole-lists.ts'

const accounts = declare({
  name: 'accounts',
  shape: z.looseObject({ id: z.string(), email: z.string(), closesAt: z.number().optional() }),
  unique: ['email'],
  indexes: ['closesAt'],
})
const credentials = declare({
  name: 'credentials',
  shape: z.looseObject({ id: z.string(), account: z.string(), lookup: z.string().optional() }),
  unique: ['lookup'],
  indexes: ['account'],
})

/**
 * Lists in every account which credentials are in force. Before, each credential said for itself when it had gone out of force, so
 * that one which replaced another took two writes; those that went out lately become changes that can still be undone.
 */
export async function listHeld(store: Store): Promise<void> {
  const [people, kept] = [store.collection(accounts) as Collection<Doc>, store.collection(credentials)]
  for await (const each of every(people, {})) if ((each as Stored).holds === undefined) await list(people, kept, each)
}

type Stored = Doc & { holds?: string[] }

async function list(people: Collection<Doc>, kept: Collection<z.output<typeof credentials.shape>>, { id }: Stored) {
  const held = await allOf(kept, { account: id })
  const out = held.filter(({ retiredAt }) => typeof retiredAt === 'number')
  const holds = held.filter(each => !out.includes(each)).map(each => each.id)
  const changes = out
    .map(each => ({ at: Number(each.retiredAt), id: `retired-${each.id}`, went: [each.id] }))
    .sort((a, b) => a.at - b.at)
    .map(each => ({ ...each, came: [], replaced: [], was: {} }))
  const listed = { holds, ...(changes.length > 0 && { changes }) }
  await people.patch(id, listed as Partial<Doc>, { holds: undefined } as Partial<Doc>)
  // From here on the account says how long they can be put back.
  for (const each of out) await kept.patch(each.id, { retiredAt: undefined, expiresAt: undefined })
}
