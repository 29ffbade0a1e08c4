import { z } from 'zod'
import { agentShape } from '../accounts/device.ts'
import { digits } from '../crypto/random.ts'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import { allOf, claim, declare, every, pageOf, retry, type Store, update } from '../store/collection.ts'
import { type Documents, documentShape } from './identity-documents.ts'

const day = 24 * 3_600_000
/** How long people may take to hand in documents, how long a case may wait or be used once it was approved, and how long its outcome is remembered, in milliseconds. */
export const lives = { draft: day, open: 30 * day, ended: 90 * day }

/** Cases on one page. */
const most = 50
/** Most disputes that are kept of one case. */
const noted = 10

/**
 * `draft` waits for documents, `sent` until the account's owner has been told, `waiting` for two of the staff, `agreed` until the
 * owner has been told of that, `granted` for its delay and then for the person. The others are over.
 */
const states = ['draft', 'sent', 'waiting', 'agreed', 'granted', 'done', 'refused', 'cancelled'] as const
const live: readonly State[] = ['draft', 'sent', 'waiting', 'agreed', 'granted']

/** What the staff have to compare before they approve: the document, its name, what the person says, and what others say. */
export const checks = ['document', 'name', 'story', 'others'] as const

const decisionShape = z.object({
  /** The account id of the member of staff. */
  staff: z.string(),
  verdict: z.enum(['approve', 'refuse']),
  reason: z.string(),
  /** What the member of staff ticked as checked; absent in decisions from before there was a checklist. */
  checks: z.array(z.enum(checks)).optional(),
  at: z.number(),
})

const disputeShape = z.object({
  /** The credential whose address opened the dispute, and that address, masked. */
  address: z.string(),
  masked: z.string(),
  /** When the account got that address. */
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
  /** The account that it is about; absent where the address has none, which nobody is told. */
  account: z.string().optional(),
  /** The address that was typed, and the mailbox that was proved. */
  email: z.string(),
  contact: z.string(),
  /** BCP 47. */
  locale: z.string(),
  /** Both addresses as one digest, while the case is open: asking again continues the same case. */
  pair: z.string().optional(),
  /** The member of the staff who asked for it in the person's place: they are none of the two who decide. */
  startedBy: z.string().optional(),
  /** The account once more, once the case is approved: one case of an account at a time. */
  granted: z.string().optional(),
  /** Sealed: what happened, in the person's own words. Gone with the documents. */
  story: z.string().optional(),
  documents: z.array(documentShape),
  /** Where the documents were handed in from. Gone with them. */
  from: z.object({ address: z.string(), agent: agentShape }).optional(),
  decisions: z.array(decisionShape),
  /** Attempts to stop it from addresses that were new to the account, with the number of decisions before each. */
  disputes: z.array(disputeShape).optional(),
  /** When the delay is over. */
  until: z.number().optional(),
  /** When the mail that all is ready was last sent. */
  readyAt: z.number().optional(),
  /** Until when another process works on it. */
  lease: z.number().optional(),
  createdAt: z.number(),
  endedAt: z.number().optional(),
  expiresAt: z.number(),
})

/** The context in which a case's story is sealed. */
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

/** Returns the decisions that count: those before the first dispute have to be taken again, in the knowledge of it. */
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
    /** Begins a case, or finds the open one about the same two addresses. */
    begin: async ({
      account,
      email,
      contact,
      locale,
      startedBy,
    }: Pick<Case, 'account' | 'email' | 'contact' | 'locale' | 'startedBy'>): Promise<Case> => {
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
          ...(startedBy !== undefined && { startedBy }),
          createdAt: at,
          expiresAt: at + lives.draft,
        }
        return (await claim(kept, begun)) ? begun : undefined
      })
    },
    get: (id: string) => kept.get(id),
    /** Lists all cases in a state, in no particular order. */
    in: (state: State) => every(kept, { state }),
    /** Returns a page of the cases in some states, oldest first unless told, behind the case `after`; `next` is the `after` of the next page, if there is one. Throws `not_found` when `after` is gone. */
    page: async (states: readonly State[], after?: string, descending = false): Promise<CasePage> => {
      const part = { sort: { by: 'createdAt', descending }, limit: most, after } as const
      const { page, next } = await pageOf(kept, { state: { in: states } }, part)
      return { cases: page, next }
    },
    /** Lists all cases of an account that are still remembered. */
    of: (account: string) => allOf(kept, { account }),
    /** Opens the story, in the person's own words; empty once the case is over. */
    story: ({ id, story }: Case) => (story === undefined ? '' : sealer.open(story, caseContext({ id }))),
    /** Hands in the story and the documents. Throws `conflict` when that was done before. */
    send: (id: string, story: string, documents: Case['documents'], from?: Case['from']) =>
      change(id, ({ state }) => {
        if (state !== 'draft') throw new Problem('conflict')
        return {
          state: 'sent',
          story: sealer.seal(story, caseContext({ id })),
          documents,
          from,
          expiresAt: now() + lives.open,
        }
      }),
    /** Changes a case as `make` says of how it stands, one change after the other. Throws `not_found`, what `make` throws, and Conflict. */
    change,
    /** Records a dispute: an approved case goes back to the staff, once. Throws `conflict` when the case is over or was not handed in yet. */
    dispute: (id: string, by: Omit<Dispute, 'at' | 'after'>) =>
      change(id, ({ state, decisions, disputes = [], expiresAt }) => {
        if (!live.includes(state) || state === 'draft') throw new Problem('conflict')
        if (disputes.length >= noted || disputes.some(each => each.address === by.address)) return {}
        const more = { disputes: [...disputes, { ...by, at: now(), after: decisions.length }] }
        // A thief who adds one address after the other delays the case only once.
        if (state === 'sent' || disputes.length > 0) return more
        const again = { state: 'waiting' as const, granted: undefined, until: undefined, readyAt: undefined }
        return { ...more, ...again, lease: undefined, expiresAt: Math.max(expiresAt, now() + lives.open) }
      }),
    /** Ends a case that is in one of these states, and removes its documents. Throws `conflict` when it is in another. */
    end: async (
      id: string,
      how: 'done' | 'refused' | 'cancelled',
      from: readonly State[] = live,
      also: (found: Case) => Partial<Case> = () => ({}),
    ): Promise<Case> => {
      const at = now()
      const gone = {
        pair: undefined,
        granted: undefined,
        story: undefined,
        documents: [],
        from: undefined,
        lease: undefined,
      }
      const over = (found: Case): Partial<Case> => {
        if (!from.includes(found.state)) throw new Problem('conflict')
        return { ...gone, endedAt: at, expiresAt: at + lives.ended, state: how, ...also(found) }
      }
      const found = await kept.get(id)
      if (found) over(found)
      // First, so that no documents stay behind when the process dies after the decision.
      await documents.dropAll(id)
      return change(id, over)
    },
  }
}
