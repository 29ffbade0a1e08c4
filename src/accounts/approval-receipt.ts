import { z } from 'zod'
import type { Sealer } from '../crypto/seal.ts'
import { allOf, claim, declare, type Store } from '../store/collection.ts'

const shape = z.object({
  /** The digest of what was approved: one approval of it, one receipt. */
  id: z.string(),
  account: z.string(),
  client: z.string(),
  at: z.number(),
  /** Blind: who was paid, so that the next payment to them is to nobody new. */
  payee: z.string(),
  /** Sealed: what was approved, and the proof. */
  sealed: z.string(),
  /** When a code was given for it, which is once. */
  redeemedAt: z.number().optional(),
})

export const receiptsDeclaration = declare({ name: 'receipts', shape, indexes: ['account', ['account', 'payee']] })

/** The context in which a receipt is sealed. */
export const receiptContext = ({ id }: { id: string }): string => `receipt:${id}`

/** An approval with its content open. */
export interface Receipt<Content = unknown> {
  id: string
  account: string
  client: string
  /** Milliseconds since the epoch. */
  at: number
  content: Content
}

export type Receipts<Content> = ReturnType<typeof receipts<Content>>

/** Keeps receipts of approvals. What was paid to whom is sealed, and removed with the account. */
export function receipts<Content>({ store, sealer, now }: { store: Store; sealer: Sealer; now: () => number }) {
  const kept = store.collection(receiptsDeclaration)
  const blind = (account: string, payee: string) => sealer.blind(payee, `payee:${account}`)
  const open = ({ id, account, client, at, sealed }: z.output<typeof shape>): Receipt<Content> => {
    return { id, account, client, at, content: JSON.parse(sealer.open(sealed, receiptContext({ id }))) }
  }
  return {
    /** Stores a receipt; false when there is one of this id. */
    keep: async ({ id, account, client, at, content }: Receipt<Content>, payee: string): Promise<boolean> => {
      const sealed = sealer.seal(JSON.stringify(content), receiptContext({ id }))
      return claim(kept, { id, account, client, at, payee: blind(account, payee)[0], sealed })
    },
    get: async (id: string): Promise<Receipt<Content> | undefined> => {
      const found = await kept.get(id)
      return found && open(found)
    },
    /** Lists the receipts of an account, by id. */
    of: async (account: string) => (await allOf(kept, { account })).map(open),
    /** Tells whether this account approved anything to this payee before. */
    knows: async (account: string, payee: string) =>
      (await kept.find({ account, payee: { in: blind(account, payee) } }, { limit: 1 })).length > 0,
    /** Uses a receipt for the one code that it is good for: of many requests exactly one gets it. */
    redeem: async (id: string): Promise<Receipt<Content> | undefined> => {
      const won = await kept.patch(id, { redeemedAt: now() }, { redeemedAt: undefined })
      return won && open(won)
    },
  }
}
