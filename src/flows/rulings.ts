import type { Accounts } from '../accounts/account.ts'
import type { Devices } from '../accounts/device.ts'
import { type Acr, reaches } from '../acr.ts'
import type { Visitor } from '../events.ts'
import type { Ruling } from '../risk/verdict.ts'
import type { Risk } from '../risk/weigh.ts'
import type { Purpose } from './assurance.ts'
import type { Flow } from './flow-store.ts'

/** Rulings that keep somebody out, for each purpose: a person who begins an account has no past, and one who changes it is in already. */
const keepOut: Readonly<Record<Purpose, readonly Ruling[]>> = {
  'sign-up': [],
  'sign-in': ['hold', 'refuse', 'bar'],
  'step-up': ['hold', 'refuse', 'bar'],
  add: ['bar'],
  change: ['bar'],
  reset: ['hold', 'refuse', 'bar'],
  // An identity check takes the owner's own rules away: people who have lost everything may have lost what the rules ask for.
  recover: ['hold', 'refuse'],
}

/**
 * Returns what becomes of somebody who has proved enough, because of where they come from: `refuse`, `confirm` by the owner's
 * mailbox, or nothing. Pure. `acr` is what they proved, `moves` that the mailbox is lost.
 */
export function keptOut(
  purpose: Purpose,
  ruling: Ruling,
  { acr, moves }: { acr: Acr | undefined; moves?: boolean | undefined },
): 'refuse' | 'confirm' | undefined {
  if (!keepOut[purpose].includes(ruling)) return undefined
  if (ruling === 'bar') return 'refuse'
  // A passkey answers to no other site than ours: somebody who shows one is kept out only by the owner's own rules.
  if (reaches(acr, 'phr')) return undefined
  if (ruling === 'refuse') return 'refuse'
  // Nobody reads a mailbox that is lost. Every other address was told for a day, with a link that stops the check.
  return purpose === 'recover' && moves ? undefined : 'confirm'
}

/** What policy says of a flow, as far as it decides when to weigh. */
interface Decided {
  now: string
  acr?: Acr | undefined
  until?: number | undefined
}

/** What weighing works with. */
export interface Weighing {
  accounts: Pick<Accounts, 'get' | 'patch'>
  risk: Pick<Risk, 'weigh'>
  devices: Pick<Devices, 'trusted'>
  now: () => number
}

/** How long nobody is asked again whether they want a passkey, in milliseconds. */
const month = 30 * 24 * 3_600_000

/**
 * Weighs where a flow comes from, once policy comes to need it. Resolves to the flow with what was made of it, which has still to
 * be saved; to the same flow where there is nothing to weigh.
 */
export function weighing({ accounts, risk, devices, now }: Weighing) {
  /** Looks, once the first factor is proved, whether the device may stand in for the second: nowhere out of the ordinary. */
  const remembered = async (flow: Flow, step: Decided, visitor: Visitor): Promise<Flow> => {
    const { account, securityStamp, purpose } = flow
    const asks = step.now === 'prove' && flow.proved.length > 0 && (flow.acr ?? 'mfa') === 'mfa'
    if (!asks || account === undefined || (purpose !== 'sign-in' && purpose !== 'step-up')) return flow
    if (!(await devices.trusted(flow.device, { id: account, securityStamp }))) return flow
    const verdict = await risk.weigh(account, visitor)
    return verdict.ruling === 'allow' ? { ...flow, trusted: true, verdict } : flow
  }

  /** Weighs, once what was proved is enough: once, so that waiting makes nothing milder. */
  const weighed = async (flow: Flow, step: Decided, visitor: Visitor): Promise<Flow> => {
    const { purpose, account, verdict } = flow
    const short = step.now === 'refuse' && step.until !== undefined
    // A mailed link and an identity check have proved something before the flow began.
    const ended = flow.proved.length > 0 || purpose === 'recover' || purpose === 'reset'
    const enough = step.now === 'done' || ((step.now === 'enrol' || short) && ended)
    if (!enough || verdict || account === undefined || purpose === 'sign-up') return flow
    // A reset began by the mailbox: it cannot speak for the place, too.
    const found = await risk.weigh(account, visitor, { rules: purpose !== 'recover', mailbox: purpose !== 'reset' })
    // Somebody who is signed in already is kept out only by rules of the owner's own.
    const inside = (purpose === 'add' || purpose === 'change') && found.ruling !== 'bar'
    return { ...flow, verdict: inside ? { ruling: 'allow', why: [] } : found }
  }

  /** Looks, once a password was enough, whether a passkey is to be offered: on a page at most monthly, and by the browser alone where it can. */
  const offered = async (flow: Flow, step: Decided): Promise<Flow> => {
    const { purpose, account, passkeys } = flow
    const asks = step.now === 'done' && step.acr === 'aal2' && purpose === 'sign-in' && passkeys && !flow.offered
    const owner = asks && account !== undefined ? await accounts.get(account) : undefined
    if (!owner) return flow
    const due = now() - (owner.passkeyOfferedAt ?? owner.createdAt) > month
    if (due) await accounts.patch(owner.id, { passkeyOfferedAt: now() })
    return { ...flow, offered: due ? 'shown' : passkeys === 'automatic' ? 'quiet' : 'no' }
  }

  return async (flow: Flow, decide: (flow: Flow) => Decided | Promise<Decided>, visitor: Visitor): Promise<Flow> => {
    const known = await remembered(flow, await decide(flow), visitor)
    const judged = await weighed(known, await decide(known), visitor)
    return offered(judged, await decide(judged))
  }
}
