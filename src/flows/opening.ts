import { type Account, type Accounts, owned } from '../accounts/account.ts'
import type { Admissions } from '../accounts/admitted-devices.ts'
import type { Links } from '../accounts/link.ts'
import type { Throttle } from '../accounts/throttle.ts'
import type { SendMail } from '../delivery/mails.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { emailAddress } from '../factors/contacts.ts'
import { halved, letters, readLetters } from '../factors/letter-codes.ts'
import type { Flow, Flows } from './flow-store.ts'
import type { Steps } from './steps.ts'
import type { Visitor } from './visitor.ts'

const hour = 3_600_000
/** How long a mailed code opens devices, and how long one stays open, in milliseconds. */
const life = 2 * hour
/** Mails to one account: whenever one more is kept back, one that is good for another hour lies in the mailbox. */
const mails = { tries: 2, window: hour }
const fromOne = { tries: 30, window: hour }
const codes = { tries: 20, window: hour }

/**
 * Lets owners in while strangers use up the tries that their account has on new devices: a device on which the mailbox is
 * proved gets tries of its own. It signs nobody in, and replaces no other proof.
 */
export interface Opening extends Steps {
  /** Tells whether the mailbox has to be proved before this device may go on. */
  shut(flow: Flow, visitor: Visitor): Promise<boolean>
  /** Goes on once the mailbox is proved, by this code or by the link. Throws `wrong_code`, or `mailbox_unproved` until then. */
  opened(flow: Flow, code: string, visitor: Visitor): Promise<Flow>
  /** Is the code of a mailed link good? */
  good(code: string): Promise<boolean>
  /** Admits the device of somebody who has just proved the account's mailbox otherwise. */
  admit(account: string, visitor: Visitor): Promise<void>
  /** Opens the device that a mailed link is followed on. Throws `link_expired`. */
  openDevice(code: string, visitor: Visitor): Promise<void>
}

interface Services {
  steps: Steps
  accounts: Accounts
  admissions: Admissions
  flows: Flows
  links: Links
  throttle: Throttle
  sendMail: SendMail
  emit: Emit
  now: () => number
}

/** Makes the steps that ask for the mailbox where an account's tries on new devices are used up. */
export function opening(services: Services): Opening {
  const { steps, accounts, admissions, flows, links, throttle, sendMail, emit, now } = services

  const ownerOf = async (email: string): Promise<Account | undefined> => {
    const found = await accounts.byEmail(email)
    return owned(found) ? found : undefined
  }

  /** Mails the owner a code. Takes the same steps where there is no account, so that neither page nor time tells. */
  const ask = async (email: string, visitor: Visitor): Promise<void> => {
    await throttle.ration('open.from', visitor.address, fromOne)
    const owner = await ownerOf(email)
    try {
      // A change of protection makes the codes before it void: the next one is not kept back for their sake.
      await throttle.ration('open.mail', `${owner?.id ?? email}\n${owner?.guard ?? ''}`, mails)
    } catch (fault) {
      if (fault instanceof Problem && fault.code === 'slow_down') return
      throw fault
    }
    const code = letters()
    const expiresAt = now() + life
    await Promise.all([
      links.make({ purpose: 'open', account: owner?.id, guard: owner?.guard }, life, code),
      emit('sign-in.shut', { account: owner?.id }, visitor),
      owner && sendMail('open', owner, { code: halved(code), expiresAt }),
    ])
  }

  const whose = async (code: string): Promise<Account | undefined> => {
    const link = await links.look(readLetters(code), 'open')
    const owner = link?.account === undefined ? undefined : await accounts.get(link.account)
    return owned(owner) && owner.guard === link?.guard ? owner : undefined
  }

  const admit: Opening['admit'] = async (account, visitor) => {
    await admissions.admit(visitor.device, account, life)
    await emit('sign-in.opened', { account }, visitor)
  }

  const shut: Opening['shut'] = async ({ shut, real, account, email = '' }, { device }) => {
    if (!shut) return false
    const id = real ? account : (await ownerOf(email))?.id
    return !(await admissions.admitted(device, id ?? email))
  }

  return {
    ...steps,
    shut,
    answer: async (flow, factor, answer, visitor) => {
      try {
        const moved = await steps.answer(flow, factor, answer, visitor)
        return moved.shut ? flows.change(moved, { shut: undefined }) : moved
      } catch (fault) {
        const email = flow.real ? flow.email : named(answer)
        if (!(fault instanceof Problem) || !outOfTries(fault) || email === undefined) throw fault
        await ask(email, visitor)
        return flows.change(flow, { email, shut: true })
      }
    },
    opened: async (flow, code, visitor) => {
      if (code.trim() !== '') {
        await throttle.ration('open.code', visitor.address, codes)
        const owner = await whose(code)
        if (!owner) throw new Problem('wrong_code', { field: 'code' })
        await admit(owner.id, visitor)
      }
      if (await shut(flow, visitor)) throw new Problem('mailbox_unproved', { field: 'code' })
      return flows.change(flow, { shut: undefined })
    },
    admit,
    good: async code => (await whose(code)) !== undefined,
    openDevice: async (code, visitor) => {
      const owner = await whose(code)
      if (!owner) throw new Problem('link_expired')
      await admit(owner.id, visitor)
    },
  }
}

/** Tells whether the tries that the account has on all new devices together are used up; the visitor's own address is counted apart. */
function outOfTries({ code, values }: Problem): boolean {
  return code === 'slow_down' && values.by === 'account'
}

/** The address that an answer names its account by. */
function named(answer: unknown): string | undefined {
  const typed = typeof answer === 'object' && answer !== null && 'email' in answer ? answer.email : undefined
  return typeof typed === 'string' ? emailAddress(typed) : undefined
}
