import type { Credential } from '../accounts/credential.ts'
import { reaches } from '../acr.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import type { Factor, Rated } from '../factors/factor.ts'
import { allWritten } from '../store/collection.ts'
import type { Ask } from './asking.ts'
import { limitedUntil } from './assurance.ts'
import { type Challenges, questionOf } from './challenge.ts'
import { endsAtOnce, posted, savedBeside, unsavedEnd } from './ending.ts'
import type { Enrol } from './enrolment.ts'
import type { FlowServices } from './flow-services.ts'
import type { Flow, Flows, Mode } from './flow-store.ts'
import { addressToAsk, type Mailbox } from './mailbox.ts'
import type { Step } from './policy.ts'
import type { Prove } from './proof.ts'
import { type Weighing, weighing } from './rulings.ts'
import { authorityOf, firstOf, paged, stepOf, subjectOf } from './standing.ts'

type Services = Pick<FlowServices, 'factors' | 'credentials' | 'throttle' | 'failures' | 'emit' | 'hold'> &
  Weighing & {
    flows: Flows
    challenges: Challenges
    ask: Ask
    prove: Prove
    enrol: Enrol
    mailbox: Mailbox
  }

/** How often a meter may look at what is being typed: each look costs the main thread some milliseconds. */
const looks = { tries: 60, window: 60_000 }

export type Resume = ReturnType<typeof engine>
export type Run = ReturnType<Resume>

/** Takes people through policy's steps, whatever a flow is for and whichever factors it meets. */
export function engine(services: Services) {
  const { factors, flows, challenges, ask, prove, enrol, mailbox, throttle, failures, emit, hold, now } = services
  const weigh = weighing(services)

  /**
   * Carries a flow on for one request. The account's credentials are read once, and each verb saves the flow once, whatever it
   * comes to. A verb takes one step, or throws a Problem.
   */
  return function resume(begun: Flow, visitor: Visitor) {
    let flow = begun
    let read: Promise<Credential[]> | undefined
    let decided: { of: Flow; step: Step<Factor> } | undefined

    /** The credentials of a flow's account: none, until it exists. */
    const credentialsOf = async ({ real, account }: Flow): Promise<readonly Credential[]> => {
      if (!real || account === undefined) return []
      read ??= services.credentials.of(account)
      return read
    }

    const decide = async (of: Flow): Promise<Step<Factor>> => {
      const credentials = await credentialsOf(of)
      if (decided?.of !== of) decided = { of, step: stepOf(of, credentials, { factors, hold, now: now() }) }
      return decided.step
    }

    /** Settles once what was proved in this request is on record. */
    let noted: Promise<unknown> | undefined
    /** Whether the caller ends the flow, and whether it has to: it is done and not saved. */
    let [concludes, unsaved] = [false, false]
    const drafts = (of: Flow, from: readonly Factor[]) =>
      challenges.drafts(of, from, factor => subjectOf(of, factor, [], now()))
    const save = async (changed: Flow): Promise<void> => {
      flow = await savedBeside(flows, changed, noted)
    }

    const choose = async (id: string): Promise<{ factor: Factor; mode: Mode }> => {
      const step = await decide(flow)
      const asks = step.now === 'prove' || step.now === 'enrol'
      // As it is offered, and not as its credentials count now: what a proof counts for is decided by the credential that it is given by.
      const asked = asks && step.from.some(each => each.id === id)
      const factor = asked ? factors.find(each => each.id === id) : undefined
      if (!asks || !factor) throw new Problem('not_offered')
      return { factor, mode: step.now }
    }

    const shownOf = ({ factor, mode }: { factor: Factor; mode: Mode }) =>
      challenges.shown(questionOf(flow, mode, factor))
    const put = async (mode: Mode, factor: Factor, asked: Record<string, unknown> = {}) => {
      const subject = subjectOf(flow, factor, await credentialsOf(flow), now())
      return ask({ flow, mode, factor, subject, asked, visitor })
    }

    /** Takes up a step: asks its question, unless one is open or it needs something from the person first. */
    const takeUp = async (changed: Flow, mode: Mode, factor: Factor): Promise<void> => {
      await save({ ...changed, at: { mode, factor: factor.id } })
      if (factor[mode].ask || (await shownOf({ factor, mode }))) return
      await put(mode, factor)
    }

    const finish = async (changed: Flow, { acr, amr }: { acr: Flow['acr']; amr: string[] }): Promise<void> => {
      const { account, verdict, purpose, confirmed } = changed
      const done: Flow = { ...changed, at: undefined, done: { acr, amr } }
      if (concludes && endsAtOnce(done)) {
        ;[flow, unsaved] = [done, true]
        return
      }
      await save(done)
      if (account === undefined) return
      // A right answer, confirmed by the owner in another way: whatever was guessed before, this is the owner.
      if (confirmed && reaches(acr, 'aal2')) await failures.forget(account)
      // The end of an identity check is announced separately, to every address.
      if (verdict && verdict.ruling !== 'allow' && purpose !== 'recover')
        await emit('sign-in.noticed', { account, why: verdict.why }, visitor)
    }

    /** Keeps somebody out, until the owner confirms or for good. */
    const keepOut = async (changed: Flow, waits: boolean): Promise<void> => {
      const { account, verdict } = changed
      if (account === undefined || !verdict) throw new Problem('not_offered')
      await emit(waits ? 'sign-in.held' : 'sign-in.refused', { account, why: verdict.why }, visitor)
      await save({ ...changed, at: undefined, ...(waits && { askedAt: now() }) })
      if (waits) await mailbox.askToConfirm(flow, visitor)
    }

    /** Goes on to what policy asks for next, and saves what was changed on the way there. */
    const advance = async (changed: Flow): Promise<void> => {
      const weighed = await weigh(changed, decide, visitor)
      const step = await decide(weighed)
      if (step.now === 'done') return finish(weighed, step)
      if (step.now === 'refuse' && step.until !== undefined) return save({ ...weighed, at: undefined })
      if (step.now === 'refuse' || step.now === 'confirm') return keepOut(weighed, step.now === 'confirm')
      // Nobody is named: several factors may be answered at once.
      if (weighed.account === undefined && step.now === 'prove')
        return save({ ...weighed, at: undefined, asked: weighed.asked ?? (await drafts(weighed, step.from)) })
      const closed = weighed.real && weighed.account !== undefined ? await failures.closed(weighed.account) : []
      const open = step.from.filter(each => step.now !== 'prove' || !closed.includes(each.id))
      const first = firstOf(open.length > 0 ? open : step.from, await credentialsOf(weighed), weighed.wants)
      return takeUp(weighed, step.now, first)
    }

    const proved = async (factor: Factor, answer: unknown): Promise<void> => {
      let changed: Flow
      try {
        ;({ flow: changed, noted } = await prove(flow, factor, answer, credentialsOf, visitor))
      } catch (fault) {
        const email = addressToAsk(fault, flow, answer)
        if (email === undefined) throw fault
        await mailbox.askToOpen(email, visitor)
        return save({ ...flow, email, shut: true })
      }
      const trust = posted(answer, 'trust') === 'yes' && { trust: true }
      const ahead = advance({ ...changed, shut: undefined, ...trust })
      // Where the end is not saved, the caller who ends the flow waits for what is noted.
      await allWritten([ahead, ahead.catch(() => {}).then(() => (unsaved ? undefined : noted))])
    }

    const enrolled = async (factor: Factor, answer: unknown): Promise<void> => {
      const before = flow
      const changed = paged(await enrol(flow, factor, answer, await credentialsOf(flow), visitor))
      read = undefined
      try {
        // Chosen beside the answer: policy asks for it where it asks for one of several.
        await advance({ ...changed, wants: posted(answer, 'second')?.slice(0, 40) ?? changed.wants })
      } catch (fault) {
        // It is the account's already: the flow must know, whatever kept it from going on.
        if (flow === before) await save(changed)
        throw fault
      }
    }

    const waits = async () => (await decide(flow)).now === 'confirm'
    return {
      /** Returns the flow as it is now. */
      now: (): Flow => flow,
      /** Begins with what policy asks first, or goes on where the step that it stood at is none any more. */
      advance: () => advance(flow),
      /**
       * Resolves to what the flow waits for; the factor in question, unless several may be answered at once or nothing is left to ask;
       * what its open question shows, unless it has still to be asked; and until when, in milliseconds, what is enrolled now counts
       * for no more than what was proved for it.
       */
      view: async () => {
        const step = await decide(flow)
        const { at } = flow
        const factor = step.now === at?.mode ? step.from.find(each => each.id === at.factor) : undefined
        if (!factor || !at) return { step, factor: undefined, shown: undefined }
        const shown = await challenges.shown(questionOf(flow, at.mode, factor))
        const added = { createdAt: now(), addedUnder: authorityOf(flow, factors, now()) }
        const until = step.now === 'enrol' ? limitedUntil(added, factor, { hold, now: now() }) : undefined
        return { step, factor, shown, until }
      },
      /** Resolves to what the open question of one factor shows; asks it if none is open. */
      open: async (id: string): Promise<Record<string, unknown>> => {
        const { factor, mode } = await choose(id)
        return (await shownOf({ factor, mode })) ?? (await put(mode, factor)).shown
      },
      /** Takes up another of the factors that would do; its question is asked unless one is open. */
      use: async (id: string): Promise<void> => {
        const { factor, mode } = await choose(id)
        await takeUp(paged(flow), mode, factor)
      },
      /** Resolves to whether a factor's question is open. */
      asks: async (id: string): Promise<boolean> => (await shownOf(await choose(id))) !== undefined,
      /** Asks a factor's question, or asks it again. */
      begin: async (id: string, asked: Record<string, unknown>): Promise<void> => {
        const { factor, mode } = await choose(id)
        const open = flow.purpose === 'sign-up' && (await shownOf({ factor, mode }))
        const { email } = await put(mode, factor, asked)
        await save({ ...(open ? flow : paged(flow)), at: { mode, factor: id }, ...(email !== undefined && { email }) })
      },
      /** Returns what ends the flow where it is done and not saved; undefined where it is saved. */
      unsaved: () => (unsaved ? unsavedEnd(flows, flow, noted) : undefined),
      /** Verifies an answer, and goes on. Where strangers have used up the account's tries, the owner's mailbox is asked first. With `ends` the caller ends a flow that is done by what `unsaved` returns. */
      answer: async (id: string, answer: unknown, ends = false): Promise<void> => {
        concludes = ends
        const { factor, mode } = await choose(id)
        await (mode === 'prove' ? proved(factor, answer) : enrolled(factor, answer))
      },
      /** Goes on once the owner has confirmed. Throws `not_confirmed` until then. */
      confirmed: async (): Promise<void> => {
        if (await waits()) throw new Problem('not_confirmed')
        if (!flow.done) await advance(flow)
      },
      /** Asks the owner again to confirm. */
      askOwner: async (): Promise<void> => {
        if (!(await waits())) throw new Problem('not_offered')
        await mailbox.askToConfirm(flow, visitor)
        await save({ ...flow, askedAt: now() })
      },
      /** Passes over an optional step. */
      skip: async (): Promise<void> => {
        const step = await decide(flow)
        if (step.now !== 'enrol' || !step.optional) throw new Problem('not_offered')
        await advance({ ...flow, skipped: [...flow.skipped, ...step.from.map(each => each.id)] })
      },
      /** Tells whether the mailbox has to be proved before this device may go on. */
      shut: () => mailbox.shut(flow, visitor),
      /** Goes on once the mailbox is proved, by this code or by the link. Throws `wrong_code`, or `mailbox_unproved` until then. */
      opened: async (code: string): Promise<void> => {
        if (code.trim() !== '') await mailbox.openByCode(code, visitor)
        if (await mailbox.shut(flow, visitor)) throw new Problem('mailbox_unproved', { field: 'code' })
        await save({ ...flow, shut: undefined })
      },
      /** Resolves to how strong a secret would be that is being typed. */
      strength: async (id: string, typed: string): Promise<Rated> => {
        const { factor, mode } = await choose(id)
        if (mode !== 'enrol' || !factor.rate) throw new Problem('not_offered')
        await throttle.ration('judge', flow.id, looks)
        return factor.rate(typed, flow)
      },
    }
  }
}
