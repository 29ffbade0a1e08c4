import { z } from 'zod'
import { digits } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import { allOf, claim, declare, every, retry, type Store, update } from '../store/collection.ts'
import { type Documents, documentShape } from './identity-documents.ts'

const day = 24 * 3_600_000
/** How long who asked for a check may take to send their documents; how long a case may wait, or be used once it was agreed to; and how long its outcome is remembered. In milliseconds. */
export const lives = { draft: day, open: 30 * day, ended: 90 * day }

/** Cases on one page. */
const most = 50
/** Disputes that are noted of one case. */
const noted = 10

/**
 * `draft` waits for documents, `sent` until the account's owner has been told, `waiting` for two of the staff, `agreed` until the
 * owner has been told of that, `granted` for its delay and then for the person. The others are over.
 */
const states = ['draft', 'sent', 'waiting', 'agreed', 'granted', 'done', 'refused', 'cancelled'] as const
const live: readonly State[] = ['draft', 'sent', 'waiting', 'agreed', 'granted']

const decisionShape = z.object({
  /** The account id of whoever of the staff it was. */
  staff: z.string(),
  verdict: z.enum(['approve', 'refuse']),
  reason: z.string(),
  at: z.number(),
})

const disputeShape = z.object({
  /** The credential whose address it was, and that address, masked. */
  address: z.string(),
  masked: z.string(),
  /** When the address came to the account. */
  since: z.number(),
  at: z.number(),
  after: z.number(),
})

const shape = z.object({
  /** The case number, as people read it out. It opens nothing. */
  id: z.string(),
  state: z.enum(states),
  /** Rises with each change: what compare-and-set compares. */
  rev: z.number(),
  /** Whose account it is about; absent where the address has none, which nobody is told. */
  account: z.string().optional(),
  /** The address that was typed, and the mailbox that was proved. */
  email: z.string(),
  contact: z.string(),
  /** BCP 47. */
  locale: z.string(),
  /** Both addresses as one digest, while it lives: who asks again goes on with the same case. */
  pair: z.string().optional(),
  /** The account once more, once it is agreed to: of several cases, one at a time. */
  granted: z.string().optional(),
  /** Sealed: what happened, in the person's own words. Gone with the documents. */
  story: z.string().optional(),
  documents: z.array(documentShape),
  decisions: z.array(decisionShape),
  /** Those who would have stopped it from an address that was new to the account, and how many decisions there were by then. */
  disputes: z.array(disputeShape).optional(),
  /** When the delay is over. */
  until: z.number().optional(),
  /** When it was last mailed that all is ready. */
  readyAt: z.number().optional(),
  /** Until then somebody else sees to what is due. */
  lease: z.number().optional(),
  createdAt: z.number(),
  endedAt: z.number().optional(),
  expiresAt: z.number(),
})

/** What a case's story is sealed for. */
export const caseContext = ({ id }: { id: string }): string => `identity-story:${id}`

export const casesDeclaration = declare({
  name: 'identity_cases',
  shape,
  unique: ['pair', 'granted'],
  indexes: [['state', 'createdAt'], 'account'],
})

/** One identity check. Times are in milliseconds since the epoch. */
export type Case = z.output<typeof shape>
export type State = Case['state']
export type Decision = z.output<typeof decisionShape>
export type Dispute = z.output<typeof disputeShape>

/** The decisions that count: what was said before the first dispute has to be said again, in the knowledge of it. */
export function standing({ decisions, disputes = [] }: Pick<Case, 'decisions' | 'disputes'>): Decision[] {
  return decisions.slice(disputes[0]?.after ?? 0)
}

/** Some of a long list. */
export interface CasePage {
  cases: Case[]
  next: string | undefined
}

export type Cases = ReturnType<typeof cases>

/** The identity checks in this store. */
export function cases({
  store,
  sealer,
  documents,
  now,
}: {
  store: Store
  sealer: Sealer
  documents: Pick<Documents, 'dropAll'>
  now: () => number
}) {
  const kept = store.collection(casesDeclaration)

  const change = async (id: string, make: (found: Case) => Partial<Case> | Promise<Partial<Case>>): Promise<Case> => {
    const changed = await update(kept, id, 'rev', make)
    if (!changed) throw new Problem('not_found')
    return changed
  }

  return {
    /** Begins one, or finds the one that runs for the same two addresses. */
    begin: async ({
      account,
      email,
      contact,
      locale,
    }: Pick<Case, 'account' | 'email' | 'contact' | 'locale'>): Promise<Case> => {
      const pair = sealer.blind(JSON.stringify([email, contact]), 'identity-case')
      const at = now()
      const number = () => [digits(4), digits(4), digits(4)].join('-')
      return retry(async () => {
        for (const each of pair) {
          const [found] = await kept.find({ pair: each }, { limit: 1 })
          if (found) return found
        }
        const begun: Case = {
          id: number(),
          state: 'draft',
          rev: 0,
          ...{ account, email, contact, locale, pair: pair[0], documents: [], decisions: [] },
          createdAt: at,
          expiresAt: at + lives.draft,
        }
        return (await claim(kept, begun)) ? begun : undefined
      })
    },
    get: (id: string) => kept.get(id),
    /** All in a state, in no order that says anything. */
    in: (state: State) => every(kept, { state }),
    /** So many in some states, oldest first, behind the one that `after` names; `next` is what to name for those behind them, if there are any. Throws `not_found` when `after` is gone. */
    page: async (states: readonly State[], after?: string): Promise<CasePage> => {
      const sort = { by: 'createdAt' } as const
      const found = await kept.find({ state: { in: states } }, { sort, limit: most + 1, ...(after && { after }) })
      const page = found.slice(0, most)
      return { cases: page, next: found.length > most ? page.at(-1)?.id : undefined }
    },
    /** All of an account that are still remembered. */
    of: (account: string) => allOf(kept, { account }),
    /** What happened, in the person's own words; empty once the case is over. */
    story: ({ id, story }: Case) => (story === undefined ? '' : sealer.open(story, caseContext({ id }))),
    /** Hands in what happened, and the documents. Throws `conflict` when that was done before. */
    send: (id: string, story: string, documents: Case['documents']) =>
      change(id, ({ state }) => {
        if (state !== 'draft') throw new Problem('conflict')
        return {
          state: 'sent',
          story: sealer.seal(story, caseContext({ id })),
          documents,
          expiresAt: now() + lives.open,
        }
      }),
    /** Changes one as `make` says of how it stands; of two at once the second looks again. Throws `not_found`, what `make` throws, and Conflict. */
    change,
    /** Notes a dispute: whatever was agreed to waits for the staff again, once. Throws `conflict` when the case is over, or not there yet. */
    dispute: (id: string, by: Omit<Dispute, 'at' | 'after'>) =>
      change(id, ({ state, decisions, disputes = [], expiresAt }) => {
        if (!live.includes(state) || state === 'draft') throw new Problem('conflict')
        if (disputes.length >= noted || disputes.some(each => each.address === by.address)) return {}
        const more = { disputes: [...disputes, { ...by, at: now(), after: decisions.length }] }
        // A thief who takes on one address after the other holds it up no more than once.
        if (state === 'sent' || disputes.length > 0) return more
        const again = { state: 'waiting' as const, granted: undefined, until: undefined, readyAt: undefined }
        return { ...more, ...again, lease: undefined, expiresAt: Math.max(expiresAt, now() + lives.open) }
      }),
    /** Ends one that lives in one of these states, and removes what was handed in with it. Throws `conflict` when it is over, or not there yet. */
    end: async (
      id: string,
      how: 'done' | 'refused' | 'cancelled',
      from: readonly State[] = live,
      also: (found: Case) => Partial<Case> = () => ({}),
    ): Promise<Case> => {
      const at = now()
      const gone = { pair: undefined, granted: undefined, story: undefined, documents: [], lease: undefined }
      const over = (found: Case): Partial<Case> => {
        if (!from.includes(found.state)) throw new Problem('conflict')
        return { ...gone, endedAt: at, expiresAt: at + lives.ended, state: how, ...also(found) }
      }
      const found = await kept.get(id)
      if (found) over(found)
      // First, so that nothing is left behind by what is decided and a process that dies.
      await documents.dropAll(id)
      return change(id, over)
    },
  }
}
