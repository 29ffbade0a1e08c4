import { type Account, owned } from '../accounts/account.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import { emailAddress } from '../factors/contacts.ts'
import { halved, letterCode, readLetterCode } from '../factors/typed.ts'
import { pause } from './challenge.ts'
import type { FlowServices } from './flow-services.ts'
import type { Flow, Flows } from './flow-store.ts'

const hour = 3_600_000
/** How long a mailed code opens devices, and how long one stays open, in milliseconds. */
const life = 2 * hour
/** Mails to one account: whenever one more is kept back, one that is good for another hour lies in the mailbox. */
const mails = { tries: 2, window: hour }
const fromOne = { tries: 30, window: hour }
const codes = { tries: 20, window: hour }

/** What the owner is told of a sign-in that is on hold. */
interface OnHold {
  address: string
  /** The User-Agent header. */
  agent?: string | undefined
  /** Milliseconds since the epoch. */
  at: number
}

/** Asks an owner by mail whether a sign-in is theirs. `expiresAt` is in milliseconds since the epoch. */
export type AskOwner = (
  to: Pick<Account, 'email' | 'locale' | 'zone' | 'profile' | 'antiPhishingPhrase'>,
  link: { bearer: string; expiresAt: number },
  onHold: OnHold,
) => Promise<void>

type Taken = 'accounts' | 'admissions' | 'links' | 'sealer' | 'throttle' | 'postage' | 'sendMail' | 'emit' | 'now'

export type Mailbox = ReturnType<typeof mailbox>

/**
 * Asks owners by mail, in two cases. A sign-in from an unusual place is on hold until they confirm it. And while strangers use
 * up the tries that an account has on new devices, a device on which the mailbox is proved gets tries of its own. Neither
 * signs anybody in, and neither replaces another proof.
 */
export function mailbox(services: Pick<FlowServices, Taken> & { flows: Flows; askOwner: AskOwner }) {
  const { accounts, admissions, flows, links, sealer, throttle, postage, askOwner, sendMail, emit, now } = services

  /** What the link of a typed code is found by, under each secret: the code is short enough to be guessed from a digest that needs none. */
  const bearersOf = (code: string) => sealer.blind(code, 'open')
  const ownerOf = async (email: string): Promise<Account | undefined> => {
    const found = await accounts.byEmail(email)
    return owned(found) ? found : undefined
  }

  const ownerBy = async (code: string): Promise<Account | undefined> => {
    const typed = readLetterCode(code)
    const found = await Promise.all(bearersOf(typed).map(each => links.look(each, 'open')))
    const link = found.find(each => each !== undefined)
    const owner = link?.account === undefined ? undefined : await accounts.get(link.account)
    return owned(owner) && owner.securityStamp === link?.securityStamp ? owner : undefined
  }

  /** Gives the device of somebody who has just proved the account's mailbox tries of its own. */
  const admit = async (account: string, visitor: Visitor): Promise<void> => {
    await admissions.admit(visitor.device, account, life)
    await emit('sign-in.opened', { account }, visitor)
  }

  return {
    admit,
    /** Mails the owner a link by which they confirm or deny the sign-in. Throws `slow_down`. */
    askToConfirm: async ({ id, account = '', expiresAt, askedAt }: Flow, visitor: Visitor): Promise<void> => {
      const owner = await accounts.get(account)
      if (!owned(owner)) throw new Problem('attempt_expired')
      await throttle.ration('send.confirm.pause', id, pause)
      await postage.pay({ channel: 'email', to: owner.email, from: visitor.address, unproven: false })
      const at = now()
      const onHold = { address: visitor.address, agent: visitor.agent, at: askedAt ?? at }
      // As long as the flow itself: neither is worth anything without the other.
      const bearer = await links.make({ purpose: 'confirm', account, attempt: id, seen: onHold }, expiresAt - at)
      await askOwner(owner, { bearer, expiresAt }, onHold)
    },
    /** Resolves to the sign-in that a link confirms; undefined when the link was used, or its time is over. */
    onHold: async (bearer: string): Promise<OnHold | undefined> => (await links.look(bearer, 'confirm'))?.seen,
    /** Lets the sign-in go on, or ends it; false when there is none any more. The link signs nobody in. */
    settle: async (bearer: string, theirs: boolean, visitor: Visitor): Promise<boolean> => {
      const link = await links.take(bearer, 'confirm')
      if (!link?.attempt || !(await flows.settle(link.attempt, theirs))) return false
      await emit(theirs ? 'sign-in.confirmed' : 'sign-in.denied', { account: link.account ?? '' }, visitor)
      return true
    },

    /** Mails the owner a code that opens devices. Takes the same steps where there is no account, so that neither page nor time tells. */
    askToOpen: async (email: string, visitor: Visitor): Promise<void> => {
      await throttle.ration('open.from', visitor.address, fromOne)
      const owner = await ownerOf(email)
      try {
        // A change of protection makes the codes before it void: the next one is not kept back for their sake.
        await throttle.ration('open.mail', `${owner?.id ?? email}\n${owner?.securityStamp ?? ''}`, mails)
      } catch (fault) {
        if (fault instanceof Problem && fault.code === 'slow_down') return
        throw fault
      }
      const code = letterCode()
      const expiresAt = now() + life
      await Promise.all([
        links.make(
          { purpose: 'open', account: owner?.id, securityStamp: owner?.securityStamp },
          life,
          bearersOf(code)[0],
        ),
        emit('sign-in.shut', { account: owner?.id }, visitor),
        owner && sendMail('open', owner, { code: halved(code), expiresAt }),
      ])
    },
    /** Tells whether the mailbox has to be proved before this device may go on. */
    shut: async ({ shut, real, account, email = '' }: Flow, { device }: Visitor): Promise<boolean> => {
      if (!shut) return false
      const id = real ? account : (await ownerOf(email))?.id
      return !(await admissions.admitted(device, id ?? email))
    },
    /** Opens this device by a code that was typed. Throws `wrong_code`. */
    openByCode: async (code: string, visitor: Visitor): Promise<void> => {
      await throttle.ration('open.code', visitor.address, codes)
      const owner = await ownerBy(code)
      if (!owner) throw new Problem('wrong_code', { field: 'code' })
      await admit(owner.id, visitor)
    },
    /** Tells whether the code of a mailed link is good. */
    good: async (code: string): Promise<boolean> => (await ownerBy(code)) !== undefined,
    /** Opens the device that a mailed link is followed on. Throws `link_expired`. */
    openByLink: async (code: string, visitor: Visitor): Promise<void> => {
      const owner = await ownerBy(code)
      if (!owner) throw new Problem('link_expired')
      await admit(owner.id, visitor)
    },
  }
}

/**
 * Returns whose mailbox is asked first, where an answer was refused because strangers have used up the tries of its account; undefined for
 * every other fault.
 */
export function addressToAsk(fault: unknown, { real, email }: Flow, answer: unknown): string | undefined {
  if (!(fault instanceof Problem) || !outOfTries(fault)) return undefined
  return real ? email : typedEmail(answer)
}

/** Tells whether the tries that the account has on all new devices together are used up; the visitor's own address is counted apart. */
function outOfTries({ code, values }: Problem): boolean {
  return code === 'slow_down' && values.by === 'account'
}

/** Returns the address that an answer names its account by. */
function typedEmail(answer: unknown): string | undefined {
  const typed = typeof answer === 'object' && answer !== null && 'email' in answer ? answer.email : undefined
  return typeof typed === 'string' ? emailAddress(typed) : undefined
}
