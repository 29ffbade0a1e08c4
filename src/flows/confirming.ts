import { type Account, type Accounts, owned } from '../accounts/account.ts'
import type { Links } from '../accounts/link.ts'
import type { Postage } from '../accounts/postage.ts'
import type { Throttle } from '../accounts/throttle.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { pause } from './asking.ts'
import type { Flow, Flows } from './flow-store.ts'
import type { Visitor } from './visitor.ts'

/** What the owner is told of a sign-in that waits for their word. */
interface Waiting {
  address: string
  /** The User-Agent header. */
  agent?: string | undefined
  /** Milliseconds since the epoch. */
  at: number
}

/** Asks an owner by mail whether a sign-in is theirs. `expiresAt` is in milliseconds since the epoch. */
export type AskOwner = (
  to: Pick<Account, 'email' | 'locale' | 'phrase'>,
  link: { bearer: string; expiresAt: number },
  waiting: Waiting,
) => Promise<void>

/** Sign-ins that wait until their owner says, by a mailed link, that it is they. Whoever has the link decides, and gets in nowhere by it. */
export interface Confirming {
  /** Mails the owner a link; resolves to the flow as it is then. Throws `slow_down`. */
  ask(flow: Flow, visitor: Visitor): Promise<Flow>
  /** What a link is about; undefined when it is used, or the time for it is over. */
  look(bearer: string): Promise<Waiting | undefined>
  /** Lets the sign-in go on, or ends it; false when there is none any more. */
  settle(bearer: string, theirs: boolean, visitor: Visitor): Promise<boolean>
}

interface Services {
  accounts: Accounts
  flows: Flows
  links: Links
  throttle: Throttle
  postage: Postage
  askOwner: AskOwner
  emit: Emit
  now: () => number
}

/** Makes what confirms sign-ins. */
export function confirming(services: Services): Confirming {
  const { accounts, flows, links, throttle, postage, askOwner, emit, now } = services

  return {
    ask: async (flow, visitor) => {
      const { id, account = '', expiresAt } = flow
      const owner = await accounts.get(account)
      if (!owned(owner)) throw new Problem('attempt_expired')
      await throttle.ration('send.confirm.pause', id, pause)
      await postage.pay({ channel: 'email', to: owner.email, from: visitor.address, unproven: false })
      const at = now()
      const waiting = { address: visitor.address, agent: visitor.agent, at: flow.askedAt ?? at }
      // As long as the flow itself: neither is worth anything without the other.
      const bearer = await links.make({ purpose: 'confirm', account, attempt: id, seen: waiting }, expiresAt - at)
      await askOwner(owner, { bearer, expiresAt }, waiting)
      return flows.change(flow, { askedAt: at })
    },
    look: async bearer => (await links.look(bearer, 'confirm'))?.seen,
    settle: async (bearer, theirs, visitor) => {
      const link = await links.take(bearer, 'confirm')
      if (!link?.attempt || !(await flows.settle(link.attempt, theirs))) return false
      await emit(theirs ? 'sign-in.confirmed' : 'sign-in.denied', { account: link.account ?? '' }, visitor)
      return true
    },
  }
}
