import { z } from 'zod'
import type { Sealer } from '../crypto/seal.ts'
import { Problem, said } from '../errors.ts'
import type { Ceremony, Factor, Subject } from '../factors/factor.ts'
import { claim, declare, retry, type Store, update } from '../store/collection.ts'
import type { Flow, Mode } from './flow-store.ts'

/** How long a question may wait for its answer, in milliseconds. */
const lifetime = 10 * 60_000
/** Wrong answers after which one question is closed. */
const limit = 5
/** How long to wait until a message may be sent again. */
export const pause = { tries: 1, window: 30_000 }

const shape = z.object({
  id: z.string(),
  expiresAt: z.number(),
  /** Sealed: what `begin` remembered and what the page shows. */
  sealed: z.string(),
  tries: z.number(),
})

export const challengesDeclaration = declare({ name: 'ceremonies', shape })

/** Returns the Problem of a question that took its last answer, which says when it can be asked anew (`until` in milliseconds). */
const closed = (until: number, now: number) =>
  new Problem('way_closed', { retryAfter: Math.max(1, Math.ceil((until - now) / 1000)) })

/** Which question: a flow has at most one for each factor and mode. */
export interface Question {
  flow: string
  mode: Mode
  factor: Factor
  /** Sealed: the question that was asked when the flow began, and that is kept with it until it is answered. */
  drafted?: string | undefined
}

/** Returns a question of a flow. */
export const questionOf = ({ id, asked }: Flow, mode: Mode, factor: Factor): Question => ({
  ...{ flow: id, mode, factor },
  drafted: mode === 'prove' ? asked?.[factor.id] : undefined,
})

/**
 * A try that was counted: how many there were, and the question where it has anything to remember; of one that is kept with its flow, until
 * when it may be answered.
 */
interface Paid {
  sealed?: string
  tries: number
  until?: number
  expiresAt?: number
}

/** What a page shows of an open question. */
type Shown = Record<string, unknown>
/** What is sealed of a question; `until` when it may be answered, in milliseconds, is said of one that is kept with its flow. */
interface Asked {
  state: unknown
  page: Shown
  until?: number
}
export type Challenges = ReturnType<typeof challenges>

/** Keeps the open questions of flows: each is sealed, lasts ten minutes and takes five wrong answers. */
export function challenges({ store, sealer, now }: { store: Store; sealer: Sealer; now: () => number }) {
  const kept = store.collection(challengesDeclaration)
  const key = ({ flow, mode, factor }: Question) => `${flow}.${mode}.${factor.id}`
  const context = (id: string) => `ceremony:${id}`
  const open = (id: string, sealed: string): Asked => JSON.parse(sealer.open(sealed, context(id)))
  const ceremonyOf = ({ mode, factor }: Question): Ceremony<unknown, unknown, unknown, unknown> => factor[mode]
  // Before anybody is named, tries are counted against the account and the address instead.
  const counted = ({ mode, factor }: Question) => mode === 'enrol' || !factor.prove.names

  // A proof that has nothing to remember needs no stored question: only its tries are stored, once there is an answer.
  const unstored = ({ mode, factor }: Question) => mode === 'prove' && !factor.prove.begin
  const nothing = { state: null, page: { asked: {} } }
  const seal = (id: string, what: Asked) => sealer.seal(JSON.stringify(what), context(id))

  /** The question that is kept with its flow, while it may be answered. */
  const draftOf = ({ drafted, ...question }: Question): (Asked & { sealed: string; until: number }) | undefined => {
    if (drafted === undefined) return undefined
    const { until = 0, ...asked } = open(key(question), drafted)
    return until > now() ? { ...asked, sealed: drafted, until } : undefined
  }

  /** Counts one try before its answer is verified, by compare-and-set: a question that was answered stays gone. */
  const spend = async (question: Question): Promise<Paid> => {
    const id = key(question)
    const pay = () =>
      update(kept, id, 'tries', ({ tries, expiresAt }) => {
        if (!counted(question)) return undefined
        if (tries >= limit) throw closed(expiresAt, now())
        return { tries: tries + 1 }
      })
    if (!unstored(question)) {
      const spent = (await pay()) ?? draftOf(question)
      // Of one that was kept with its flow, an empty one says that it was answered.
      if (!spent?.sealed) throw new Problem('attempt_expired')
      return { tries: 0, ...spent }
    }
    if (!counted(question)) return { tries: 0 }
    const first = { id, sealed: seal(id, nothing), tries: 1, expiresAt: now() + lifetime }
    // The disk has it with what is written of the answer before that is told.
    return retry(async () => (await pay()) ?? ((await claim(kept, first, true)) ? first : undefined))
  }

  const answerOf = (question: Question, raw: unknown): unknown => {
    const ceremony = ceremonyOf(question)
    const fits = ceremony.answer.safeParse(raw)
    if (!fits.success) throw new Problem('malformed')
    ceremony.complete?.(fits.data)
    return fits.data
  }

  /** Stores a question, in the place of the former one if there is one. Asking anew gives no new tries. */
  const keep = async (id: string, sealed: string, transient: boolean): Promise<void> => {
    const expiresAt = now() + lifetime
    await retry(async () => {
      const former = await update(kept, id, 'tries', ({ tries, expiresAt: until }) => {
        if (tries >= limit) throw closed(until, now())
        return { sealed, expiresAt, tries }
      })
      return former || (await claim(kept, { id, sealed, tries: 0, expiresAt }, transient)) || undefined
    })
  }

  /** Ends a question, for exactly one answer. Of one that is kept with its flow it stays on record that it was answered, also where it was asked anew since. */
  const ended = async (question: Question, { sealed, until }: Paid): Promise<boolean> => {
    const id = key(question)
    const answered = { id, sealed: '', tries: 0 }
    if (until !== undefined) return claim(kept, { ...answered, expiresAt: until })
    const draft = draftOf(question)
    const gone = draft ? kept.patch(id, { ...answered, expiresAt: draft.until }, { sealed }) : kept.take(id)
    return (await gone) !== undefined
  }

  const refuseClosed = async (question: Question): Promise<void> => {
    const former = await kept.get(key(question))
    if (former && former.tries >= limit) throw closed(former.expiresAt, now())
  }

  return {
    /** Throws `way_closed` for a question that took its last answer. */
    refuseClosed,
    /** Asks, or asks anew: the former question is void. Resolves to what its page shows. Throws the factor's Problem, or `way_closed`. */
    begin: async (question: Question, subject: Subject<unknown>, asked: Record<string, unknown> = {}) => {
      const { begin, ask } = ceremonyOf(question)
      const id = key(question)
      await refuseClosed(question)
      const fits = ask?.safeParse(asked)
      if (fits && !fits.success) throw new Problem('malformed')
      const input = fits?.data ?? {}
      if (unstored(question)) return nothing.page
      const { state, page } = begin ? await begin(subject, input) : { state: null, page: {} }
      const shown: Shown = { ...page, asked: input }
      // Before anybody is named, losing it costs only a new start.
      await keep(id, seal(id, { state, page: shown }), subject.account === undefined)
      return shown
    },
    /** Resolves to what the page of an open question shows, with what it was `asked` with, and `closed` until when it takes no more answers; undefined when none is open. */
    shown: async (question: Question): Promise<Shown | undefined> => {
      if (unstored(question)) return nothing.page
      const id = key(question)
      const found = await kept.get(id)
      if (!found) return draftOf(question)?.page
      if (found.sealed === '') return undefined
      return { ...open(id, found.sealed).page, ...(found.tries >= limit && { closed: found.expiresAt }) }
    },
    /**
     * Asks what can be answered before anybody is named, to be kept with the flow: resolves to the questions that have something to remember,
     * sealed, by their factors.
     */
    drafts: async (
      flow: Flow,
      factors: readonly Factor[],
      subject: (factor: Factor) => Subject<unknown>,
    ): Promise<Record<string, string>> => {
      const sealed: Record<string, string> = {}
      for (const factor of factors) {
        const question = questionOf(flow, 'prove', factor)
        const { begin, ask } = ceremonyOf(question)
        if (!begin || ask || factor.channel || counted(question)) continue
        const { state, page } = await begin(subject(factor), {})
        const shown = { ...page, asked: {} }
        sealed[factor.id] = seal(key(question), { state, page: shown, until: now() + lifetime })
      }
      return sealed
    },
    /** Counts one try, ahead of `finish`. Throws `malformed`, `way_closed` or `attempt_expired`. */
    pay: async (question: Question, raw: unknown): Promise<Paid> => {
      answerOf(question, raw)
      return spend(question)
    },
    /** Gives back a try whose answer was not verified. */
    giveBack: async (question: Question): Promise<void> => {
      if (counted(question)) await update(kept, key(question), 'tries', ({ tries }) => ({ tries: tries - 1 }))
    },
    /**
     * Verifies an answer, whose try is counted now unless it was `paid` for; a right one ends the question, and of several only one is right.
     * Throws the factor's Problem, `way_closed` or `attempt_expired`.
     */
    finish: async <Outcome>(question: Question, subject: Subject<unknown>, raw: unknown, paid?: Paid) => {
      const answer = answerOf(question, raw)
      const id = key(question)
      const spent = paid ?? (await spend(question))
      const { sealed, tries } = spent
      const left = counted(question) ? limit - tries : undefined
      const { state } = sealed === undefined ? nothing : open(id, sealed)
      const outcome = await ceremonyOf(question)
        .finish(answer, state, { ...subject, left })
        .catch((fault: unknown) => {
          if (left !== 0 || !(fault instanceof Problem) || fault.status !== 401) throw fault
          const { retryAfter } = closed(spent.expiresAt ?? now() + lifetime, now())
          throw new Problem(fault.code, { ...said(fault), retryAfter })
        })
      // A question that is not stored ends with its flow. Its right answer counts once because only one request can change the credential.
      if (!unstored(question) && !(await ended(question, spent))) throw new Problem('code_spent')
      return outcome as Outcome
    },
  }
}
