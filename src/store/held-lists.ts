import { z } from 'zod'
import { type Collection, type Doc, declare, type Store } from './collection.ts'

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

/** Documents read at a time. */
const stride = 100

/**
 * Lists in every account which credentials are in force. Before, each credential said for itself when it had gone out of force, so
 * that one which replaced another took two writes; those that went out lately become changes that can still be undone.
 */
export async function listHeld(store: Store): Promise<void> {
  const [people, kept] = [store.collection(accounts) as Collection<Doc>, store.collection(credentials)]
  for (let after: string | undefined; ; ) {
    const found = (await people.find({}, { limit: stride, ...(after !== undefined && { after }) })) as Stored[]
    for (const each of found) if (each.holds === undefined) await list(people, kept, each)
    if (found.length < stride) return
    after = found.at(-1)?.id
  }
}

type Stored = Doc & { holds?: string[] }

async function list(people: Collection<Doc>, kept: Collection<z.output<typeof credentials.shape>>, { id }: Stored) {
  const held = await kept.find({ account: id }, { limit: 1_000 })
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
