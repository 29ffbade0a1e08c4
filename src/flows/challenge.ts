import { z } from 'zod'
import type { Sealer } from '../crypto/seal.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import { type Ceremony, type Factor, numberIn, type Subject } from '../factors/factor.ts'
import { claim, declare, retry, type Store, update } from '../store/collection.ts'
import type { FlowServices } from './flow-services.ts'
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

/** Which question: a flow has at most one for each factor and mode. */
export interface Question {
  flow: string
  mode: Mode
  factor: Factor
}

/** A try that was counted: how many there were, and the question where it has anything to remember. */
interface Paid {
  sealed?: string
  tries: number
}

/** What a page shows of an open question. */
type Shown = Record<string, unknown>
export type Challenges = ReturnType<typeof challenges>

/** Keeps the open questions of flows: each is sealed, lasts ten minutes and takes five wrong answers. */
export function challenges({ store, sealer, now }: { store: Store; sealer: Sealer; now: () => number }) {
  const kept = store.collection(challengesDeclaration)
  const key = ({ flow, mode, factor }: Question) => `${flow}.${mode}.${factor.id}`
  const context = (id: string) => `ceremony:${id}`
  const open = (id: string, sealed: string): { state: unknown; page: Shown } =>
    JSON.parse(sealer.open(sealed, context(id)))
  const ceremonyOf = ({ mode, factor }: Question): Ceremony<unknown, unknown, unknown, unknown> => factor[mode]
  // Before anybody is named, tries are counted against the account and the address instead.
  const counted = ({ mode, factor }: Question) => mode === 'enrol' || !factor.prove.names

  // A proof that has nothing to remember needs no stored question: only its tries are stored, once there is an answer.
  const unstored = ({ mode, factor }: Question) => mode === 'prove' && !factor.prove.begin
  const nothing = { state: null, page: { asked: {} } }
  const seal = (id: string, what: { state: unknown; page: Shown }) => sealer.seal(JSON.stringify(what), context(id))

  /** Counts one try before its answer is verified, by compare-and-set: a question that was answered stays gone. */
  const spend = async (question: Question): Promise<Paid> => {
    const id = key(question)
    const pay = () =>
      update(kept, id, 'tries', ({ tries }) => {
        if (!counted(question)) return undefined
        if (tries >= limit) throw new Problem('way_closed')
        return { tries: tries + 1 }
      })
    if (!unstored(question)) {
      const spent = await pay()
      if (!spent) throw new Problem('attempt_expired')
      return spent
    }
    if (!counted(question)) return { tries: 0 }
    const first = { id, sealed: seal(id, nothing), tries: 1, expiresAt: now() + lifetime }
    return retry(async () => (await pay()) ?? ((await claim(kept, first)) ? first : undefined))
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
      const former = await update(kept, id, 'tries', ({ tries }) => {
        if (tries >= limit) throw new Problem('way_closed')
        return { sealed, expiresAt, tries }
      })
      return former || (await claim(kept, { id, sealed, tries: 0, expiresAt }, transient)) || undefined
    })
  }

  return {
    /** Asks, or asks anew: the former question is void. Resolves to what its page shows. Throws the factor's Problem, or `way_closed`. */
    begin: async (question: Question, subject: Subject<unknown>, asked: Record<string, unknown> = {}) => {
      const { begin, ask } = ceremonyOf(question)
      const id = key(question)
      if (((await kept.get(id))?.tries ?? 0) >= limit) throw new Problem('way_closed')
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
    /** Resolves to what the page of an open question shows, with what it was `asked` with; undefined when none is open. */
    shown: async (question: Question): Promise<Shown | undefined> => {
      if (unstored(question)) return nothing.page
      const id = key(question)
      const found = await kept.get(id)
      return found && open(id, found.sealed).page
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
      const { sealed, tries } = paid ?? (await spend(question))
      const left = counted(question) ? limit - tries : undefined
      const { state } = sealed === undefined ? nothing : open(id, sealed)
      const outcome = await ceremonyOf(question).finish(answer, state, { ...subject, left })
      // A question that is not stored ends with its flow. Its right answer counts once because only one request can change the credential.
      if (!unstored(question) && !(await kept.take(id))) throw new Problem('code_spent')
      return outcome as Outcome
    },
  }
}

interface Asking {
  flow: Flow
  mode: Mode
  factor: Factor
  subject: Subject<unknown>
  asked: Record<string, unknown>
  visitor: Visitor
}

type Services = Pick<FlowServices, 'addresses' | 'throttle' | 'postage' | 'failures' | 'sendMail' | 'emit'> & {
  challenges: Challenges
}

export type Ask = ReturnType<typeof asking>

/**
 * Asks a flow's questions: messages are rationed, and an address that is taken, or a number that is reserved, looks like any other. Resolves to the
 * address that was typed, if the question asked for one, and to what its page shows.
 */
export function asking({ challenges, addresses, throttle, postage, failures, sendMail, emit }: Services) {
  return async ({ flow, mode, factor, subject, asked, visitor }: Asking) => {
    const fits = factor[mode].ask?.safeParse(asked)
    if (fits && !fits.success) throw new Problem('malformed')
    const input = fits?.data ?? {}
    const email = factor.identifies && typeof input.email === 'string' ? input.email : undefined
    const whose = mode === 'enrol' && email !== undefined ? await addresses.whose(email) : undefined
    const own = whose !== undefined && whose.account === flow.account
    if (own && whose.current) throw new Problem('already_enrolled', { field: 'email' })
    const phone = mode === 'enrol' && factor.channel && typeof input.phone === 'string' ? input.phone : undefined
    const reserved = phone !== undefined && (await addresses.numberReserved(phone, flow.account))
    const taken = (whose !== undefined && !own) || reserved
    if (mode === 'prove' && factor.channel && subject.account !== undefined) {
      const closed = await failures.closed(subject.account)
      if (closed.includes(factor.id)) throw new Problem('factor_closed', { field: 'code' })
    }

    const paid: (() => Promise<void>)[] = []
    let shown: Shown
    try {
      if (factor.channel) {
        const { channel } = factor
        const to = destination(factor, subject, input)
        paid.push(await throttle.ration(`send.${factor.id}.pause.${mode}`, flow.id, pause))
        const [held] = subject.credentials
        const unproven = mode === 'enrol' || (held !== undefined && factor.unproved?.(held.secret) !== undefined)
        paid.push(await postage.pay({ channel, to, from: visitor.address, unproven }))
      }
      const question = { flow: flow.id, mode, factor }
      shown = await challenges.begin(question, { ...subject, silent: taken || undefined }, input)
    } catch (fault) {
      // Nothing was sent.
      for (const back of paid) await back()
      throw fault
    }
    if (reserved) await sendMail('reserved', { textTo: phone, locale: flow.locale })
    if (taken && email !== undefined)
      await sendMail(whose?.current ? 'taken' : 'reserved', { email, locale: flow.locale })
    if (flow.purpose === 'sign-up' && email !== undefined) await emit('sign-up.started', { taken }, visitor)
    else if (factor.channel) {
      await emit('code.sent', { account: subject.account, factor: factor.id, channel: factor.channel }, visitor)
    }
    return { email, shown }
  }
}

/** Returns where a message goes: to what was typed, or to the credential that is asked for. */
function destination(
  factor: Factor,
  { credentials: [credential], email = '' }: Subject<unknown>,
  input: Record<string, unknown>,
): string {
  const [typed] = Object.values(input)
  if (typeof typed === 'string') return typed
  if (!credential) return email
  return numberIn(factor, credential.secret) ?? factor.verifiedContact?.(credential.secret).email ?? ''
}
