import { type Account, owned } from '../accounts/account.ts'
import type { Credential } from '../accounts/credential.ts'
import type { By, Trier } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import { type Factor, type Named, numberIn, type Proved, type Subject } from '../factors/factor.ts'
import { allWritten, retry } from '../store/collection.ts'
import { type Clock, limitedUntil } from './assurance.ts'
import { type Challenges, type Question, questionOf } from './challenge.ts'
import type { FlowServices } from './flow-services.ts'
import type { Flow } from './flow-store.ts'
import { subjectOf } from './standing.ts'

type Services = Pick<FlowServices, 'credentials' | 'devices' | 'admissions' | 'throttle' | 'failures' | 'emit'> & {
  challenges: Challenges
}

/** An open question, whom it is about, all of their credentials, and whom the answer names. */
interface Asked {
  question: Question
  subject: Subject<unknown>
  credentials: readonly Credential[]
  name?: Named | undefined
}

export type Proof = ReturnType<typeof proofs>
/** A right answer. `noted` settles once all that follows from it is on record: nothing may be answered before. */
type Right = Proved<unknown> & { noted: Promise<unknown> }

/** Verifies proofs: each is counted before it is verified, and saved so that none counts twice. Throws the factor's Problem. */
export function proofs({ challenges, credentials, devices, admissions, throttle, failures, emit }: Services) {
  /** Tells whether the device has tries of its own for this account. */
  const own = async (device: string, account: string): Promise<boolean> =>
    (await devices.known(device, account)) || admissions.admitted(device, account)

  /** Verifies the answer, and counts a wrong one where a guesser could come to be right. */
  const counted = async (
    factor: Factor,
    account: string | undefined,
    visitor: Visitor,
    { verify, giveBack }: { verify(): Promise<Right>; giveBack(): Promise<unknown> },
  ) => {
    if (account === undefined || !guessable(factor)) {
      const proved = await verify()
      if (factor.multiFactor && account !== undefined) await failures.forget(account)
      return proved
    }
    const judged = await failures.judge(account, factor.id).catch(async fault => {
      await giveBack()
      throw fault
    })
    try {
      const proved = await verify()
      await judged.right(reopens(factor))
      return proved
    } catch (fault) {
      if (fault instanceof Problem && fault.status === 401) await judged.wrong(visitor)
      else await judged.dropped()
      throw fault
    }
  }

  /**
   * Pays for a guess at the account and at the question, at one stroke. Its outcome is on record before it is told, on disk with what was
   * paid. Where the account refuses, the question gets its try back; where the question does, that is for later.
   */
  const pay = async (question: Question, trier: Trier, answer: unknown) => {
    const [spent, paid] = await Promise.allSettled([throttle.spend(trier), challenges.pay(question, answer)])
    if (spent.status === 'rejected' && paid.status === 'fulfilled') await challenges.giveBack(question)
    if (spent.status === 'rejected') throw spent.reason
    return paid
  }

  return async ({ question, subject, credentials: held, name }: Asked, answer: unknown, visitor: Visitor) => {
    const { account, email } = subject
    const { factor } = question
    const { address } = visitor
    const known = account !== undefined && (await own(visitor.device, account))
    const trier = { what: factor.id, account: account ?? email, address, device: known ? visitor.device : undefined }
    try {
      const paid = await pay(question, trier, answer)
      const giveBack = async () => paid.status === 'fulfilled' && (await challenges.giveBack(question))
      const verify = async (): Promise<Right> => {
        if (paid.status === 'rejected') throw paid.reason
        const proved = await challenges.finish<Proved<unknown>>(question, subject, answer, paid.value)
        const credential = held.find(each => each.id === proved.credential)
        if (!credential || account === undefined) throw new Problem('wrong_credentials')
        if (!(await credentials.prove(credential, proved.secret))) throw new Problem('code_spent')
        const used = proved.secret === undefined && credentials.used(credential)
        const told = emit('factor.proved', { account, factor: factor.id, credential: credential.id }, visitor)
        const noted = allWritten([used, throttle.forgive(trier), told])
        // A failure reaches those who await it; here it only must not count as unhandled.
        noted.catch(() => {})
        return { ...proved, noted }
      }
      return await counted(factor, account, visitor, { verify, giveBack })
    } catch (fault) {
      if (!(fault instanceof Problem)) throw fault
      const by = fault.values.by as By | undefined
      // Once: somebody who is refused can go on for ever, and nothing is ever removed from the audit log.
      if (fault.code === 'slow_down' && by && fault.values.first)
        await emit('factor.throttled', { account, factor: factor.id, by }, visitor)
      else if (fault.code === 'slow_down' && by)
        await emit('factor.turned-away', { account, factor: factor.id, code: by }, visitor)
      else await emit('factor.refused', { account, factor: factor.id, code: fault.code }, visitor)
      // Somebody who shows a credential that cannot be guessed may learn that no account accepts it any more, to forget it.
      const { status, field } = fault
      if (status === 401 && name && 'lookup' in name && name.lookup !== '' && account === undefined)
        throw new Problem('unknown_credential', { field, values: { credential: name.lookup } })
      throw fault
    }
  }
}

/** Tells whether wrong answers to it are counted in a row. Not to passwords: strangers guess them, and closing them would lock the owner out. Passkeys cannot be guessed. */
function guessable({ positions }: Factor): boolean {
  return !positions.includes('first')
}

/** Tells whether a proof of it reopens factors that wrong answers have closed. A mailbox does not: it is also the way to a new password. */
function reopens({ kind, strength }: Factor): boolean {
  return kind !== 'knowledge' && strength !== 'mfa'
}

type Proving = Pick<FlowServices, 'accounts' | 'credentials' | 'emit' | 'hold' | 'now'> & { proof: Proof }

export type Prove = ReturnType<typeof proving>

/**
 * Verifies a proof in a flow, of the account that the flow or the answer names. Resolves to the flow with what the proof made of
 * it, which has still to be saved, and to what settles once the proof is on record. Throws the factor's Problem.
 */
export function proving({ accounts, credentials, proof, emit, hold, now }: Proving) {
  /** Returns the flow with the account that an answer names. An unknown one stays nameless, and goes the same way. */
  const named = async (flow: Flow, name: Named | undefined): Promise<Flow> => {
    if (!name || flow.real) return flow
    const found =
      'email' in name
        ? await accounts.byEmail(name.email)
        : await accounts.get((await credentials.byLookup(name.lookup))?.account ?? '')
    const email = 'email' in name ? name.email : found?.email
    if (!owned(found)) return { ...flow, email }
    const { id: account, securityStamp, unguarded, emailUnproved: unproved } = found
    return { ...flow, account, securityStamp, unguarded, unproved, real: true, email }
  }

  /** Throws `attempt_expired` where the account changed since the flow came to know it: a number is proved beside the password of now, and no former one. */
  const currentStill = async ({ account = '', securityStamp }: Flow): Promise<void> => {
    if ((await accounts.get(account))?.securityStamp !== securityStamp) throw new Problem('attempt_expired')
  }

  /**
   * Writes to the account what its owner proved; false where nothing is to be written, and under another stamp: it may have another address
   * or number by now, which staff put in and nobody has proved. What staff change of the account as it was read before is void then.
   */
  const known = ({ account = '', securityStamp }: Flow, proved: (owner: Account) => Partial<Account> | undefined) =>
    retry(async () => {
      const owner = await accounts.get(account)
      const changes = owner && owner.securityStamp === securityStamp ? proved(owner) : undefined
      if (!owner || !changes) return false
      const edits = (owner.edits ?? 0) + 1
      return (await accounts.patch(account, { ...changes, edits }, { securityStamp, edits: owner.edits })) && true
    })

  /** Gives an account the number that staff put in, once a code there was right; also where the process died before it could. */
  const numberProved = async (flow: Flow, factor: Factor, by: Credential, visitor: Visitor): Promise<void> => {
    const phone = numberIn(factor, by.secret)
    const lacks = (owner: Account) => owned(owner) && owner.phone === undefined && owner.holds?.includes(by.id)
    if (phone !== undefined && (await known(flow, owner => (lacks(owner) ? { phone } : undefined))))
      await emit('number.proved', { account: flow.account ?? '', credential: by.id }, visitor)
  }

  return async (
    flow: Flow,
    factor: Factor,
    answer: unknown,
    credentialsOf: (flow: Flow) => Promise<readonly Credential[]>,
    visitor: Visitor,
  ): Promise<{ flow: Flow; noted: Promise<unknown> }> => {
    const fits = factor.prove.answer.safeParse(answer)
    if (!fits.success) throw new Problem('malformed')
    factor.prove.complete?.(fits.data)
    const name = factor.prove.names?.(fits.data)
    const whose = await named(flow, name)
    const { account, securityStamp, unguarded, real, email } = whose
    const all = await credentialsOf(whose)
    const question = questionOf(flow, 'prove', factor)
    const subject = subjectOf(whose, factor, all, now())
    const asked = { question, subject, credentials: all, name }
    if (subject.credentials.some(({ secret }) => factor.unproved?.(secret) !== undefined)) await currentStill(whose)
    const { credential, noted } = await proof(asked, answer, visitor)
    const by = all.find(each => each.id === credential)
    if (by && account !== undefined && factor.channel === 'sms') await numberProved(whose, factor, by, visitor)
    const limits = limitsWith(flow, factor, by, { hold, now: now() })
    const unproved = whose.unproved && !factor.identifies
    if (whose.unproved && !unproved && account !== undefined) {
      if (await known(whose, owner => (owner.emailUnproved ? { emailUnproved: undefined } : undefined)))
        await emit('email.proved', { account }, visitor)
    }
    const proved = [...flow.proved, factor.id]
    return { flow: { ...flow, account, securityStamp, unguarded, unproved, real, email, proved, limits }, noted }
  }
}

/** Returns what a flow's proofs count for at most, once one more was given by this credential. */
function limitsWith({ limits = {}, proved }: Flow, factor: Factor, by: Credential | undefined, clock: Clock) {
  const { [factor.id]: before, ...others } = limits
  // A factor that was proved in full stays so, whatever else is shown.
  const full = proved.includes(factor.id) && before === undefined
  if (full || by?.addedUnder === undefined || limitedUntil(by, factor, clock) === undefined) return others
  return { ...others, [factor.id]: by.addedUnder }
}
