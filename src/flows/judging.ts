import { type Accounts, owned } from '../accounts/account.ts'
import type { Addresses } from '../accounts/address.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Failures } from '../accounts/failures.ts'
import { Problem } from '../errors.ts'
import type { Enrolled, Factor, Named, Subject } from '../factors/factor.ts'
import { type Clock, limitedUntil } from './assurance.ts'
import type { Ceremonies } from './ceremonies.ts'
import type { Counted } from './enrolments.ts'
import type { Flow, Flows } from './flow-store.ts'
import type { Proof } from './proofs.ts'
import type { Protection } from './protection.ts'
import type { Recovering } from './recovering.ts'
import type { SignUp } from './sign-up.ts'
import type { Visitor } from './visitor.ts'

/** Judges one answer; throws a Problem. Resolves to the flow with what a right one made of it, which its next change keeps. */
export type Judge = (flow: Flow, factor: Factor, answer: unknown, visitor: Visitor) => Promise<Flow>

interface Services {
  factors: readonly Factor[]
  flows: Flows
  ceremonies: Ceremonies
  accounts: Accounts
  addresses: Pick<Addresses, 'numberReserved'>
  credentials: Credentials
  proof: Proof
  counted: Counted
  protection: Protection
  signUp: SignUp
  recovering: Recovering
  failures: Pick<Failures, 'forget'>
  /** How long what was added counts for no more than the proof that authorised it, in milliseconds. */
  hold: number
  now: () => number
}

/** What a flow's account holds: nothing, until it exists. */
export async function heldIn(credentials: Credentials, flow: Flow): Promise<Credential[]> {
  return flow.real && flow.account !== undefined ? credentials.of(flow.account) : []
}

/** What a flow's proofs count for at most, once one more was given by this credential. */
function limitsWith({ limits = {}, proved }: Flow, factor: Factor, by: Credential | undefined, clock: Clock) {
  const { [factor.id]: before, ...others } = limits
  // A factor that was proved in full stays so, whatever else is shown.
  const full = proved.includes(factor.id) && before === undefined
  if (full || by?.addedUnder === undefined || limitedUntil(by, factor, clock) === undefined) return others
  return { ...others, [factor.id]: by.addedUnder }
}

/** Whom a factor's ceremony is about. */
export function about(flow: Flow, factor: Factor, held: readonly Credential[], now: number): Subject<unknown> {
  const { account, email, locale, client } = flow
  return { account, email, held: held.filter(each => each.factor === factor.id), locale, now, towards: client?.name }
}

/** Judges proofs, of whoever the flow or the answer names. */
export function proving({ accounts, credentials, proof, hold, now }: Services): Judge {
  /** The flow with the account that an answer names. An unknown one stays nameless, and goes the same way. */
  const named = async (flow: Flow, name: Named | undefined): Promise<Flow> => {
    if (!name || flow.real) return flow
    const found =
      'email' in name
        ? await accounts.byEmail(name.email)
        : await accounts.get((await credentials.byLookup(name.lookup))?.account ?? '')
    const email = 'email' in name ? name.email : found?.email
    if (!owned(found)) return { ...flow, email }
    return { ...flow, account: found.id, guard: found.guard, real: true, email }
  }

  return async (flow, factor, answer, visitor) => {
    const fits = factor.prove.answer.safeParse(answer)
    if (!fits.success) throw new Problem('malformed')
    const name = factor.prove.names?.(fits.data)
    const whose = await named(flow, name)
    const { account, guard, real, email } = whose
    const held = await heldIn(credentials, whose)
    const which = { flow: flow.id, mode: 'prove' as const, factor }
    const { credential } = await proof({ which, who: about(whose, factor, held, now()), held, name }, answer, visitor)
    const by = held.find(each => each.id === credential)
    const limits = limitsWith(flow, factor, by, { hold, now: now() })
    return { ...flow, account, guard, real, email, proved: [...flow.proved, factor.id], limits }
  }
}

/** Judges enrolments: kept with the flow until there is enough for an account, and with the account from then on. */
export function enrolling(services: Services): Judge {
  const { factors, flows, ceremonies, addresses, credentials, protection, signUp, recovering, failures, counted, now } =
    services
  return async (flow, factor, answer, visitor) => {
    const held = await heldIn(credentials, flow)
    const own = held.filter(each => each.factor === factor.id)
    const full = own.length >= factor.limit
    // Of what there is one of, the new takes the place of the old; who adds one more of others removes one first.
    if (full && factor.limit > 1 && flow.purpose === 'add') throw new Problem('limit_reached')
    const which = { flow: flow.id, mode: 'enrol' as const, factor }
    const enrolled = await counted(which, visitor, () =>
      ceremonies.finish<Enrolled<unknown>>(which, about(flow, factor, held, now()), answer),
    )
    const { phone } = factor.vouches?.(enrolled.secret) ?? {}
    // Its account may have given it up while the code was on its way.
    if (phone !== undefined && (await addresses.numberReserved(phone, flow.account))) throw new Problem('conflict')
    const fresh = [...flow.fresh, factor.id]
    if (!flow.real) {
      const pending = signUp.add(flow, factor, enrolled)
      if (!factor.mandatory) return flows.change(flow, { fresh, pending })
      if (flow.purpose === 'recover') {
        const guard = await recovering.commit(flow, signUp.open(flow, pending), visitor)
        if (flow.account !== undefined) await failures.forget(flow.account)
        return flows.change(flow, { fresh, pending: undefined, real: true, guard })
      }
      await signUp.commit(flow, pending, factors)
      return flows.change(flow, { fresh, pending: undefined, real: true })
    }
    const guard = await protection.enrol(flow, factor, enrolled, full ? own[0]?.id : undefined, visitor)
    return flows.change(flow, { fresh, guard })
  }
}
