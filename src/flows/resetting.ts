import { type Account, owned } from '../accounts/account.ts'
import { lateLife } from '../accounts/postage.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import { emailAddress } from '../factors/contacts.ts'
import type { FlowServices } from './flow-services.ts'

const minute = 60_000
/** How long a link to a new password is good, in milliseconds. */
export const resetLife = 15 * minute
/** How many links one visitor may ask for. */
const fromOne = { tries: 30, window: 60 * minute }

type Taken = 'accounts' | 'addresses' | 'links' | 'throttle' | 'postage' | 'sendMail' | 'emit' | 'now'
type Services = Pick<FlowServices, Taken> & {
  /** Where somebody is, in words. */
  whence: (locale: string, visitor: Visitor) => { device: string; place: string }
}

export type Resetting = ReturnType<typeof resetting>

/** Resets forgotten passwords: a mailed link, good once and for a quarter of an hour, begins a flow that asks for the second factor. */
export function resetting(services: Services) {
  const { accounts, addresses, links, throttle, postage, sendMail, whence, emit, now } = services
  const owner = async (id: string | undefined, securityStamp: number | undefined): Promise<Account | undefined> => {
    const found = id === undefined ? undefined : await accounts.get(id)
    // Whatever changed since may be what somebody wants to undo by an older link.
    return owned(found) && found.securityStamp === securityStamp ? found : undefined
  }
  return {
    /**
     * Mails a link to the owner of an account with this address, or says there that it has none. A mailbox that had its share is mailed
     * nothing more while a link in it is good, and nobody is told. `app` is the id of the app on whose way it was forgotten. Throws
     * `invalid_email`, or `slow_down` by the visitor's own limit.
     */
    ask: async (typed: string, locale: string, visitor: Visitor, app?: string): Promise<void> => {
      const email = emailAddress(typed)
      if (email === undefined) throw new Problem('invalid_email', { field: 'email' })
      await throttle.ration('reset.from', visitor.address, fromOne)
      // The same steps whether there is an account or not, so that nobody can tell by the time that it takes.
      const whose = await addresses.whose(email)
      const found = whose && (await accounts.get(whose.account))
      const unproved = owned(found) && found.emailUnproved === true
      const known = whose?.current && owned(found) && !unproved ? found : undefined
      // A change of protection makes the links before it void: the next one is not kept back for their sake.
      const mailed = await postage.link(email, `${known?.id ?? email}\n${known?.securityStamp ?? ''}`)
      if (mailed === undefined) return
      const life = mailed === 'late' ? lateLife : resetLife
      const bearer = await links.make(
        { purpose: 'reset', account: known?.id, securityStamp: known?.securityStamp, app },
        life,
      )
      await emit('recovery.started', { account: known?.id }, visitor)
      if (!known && mailed === 'late') return
      if (!known) return sendMail(unproved ? 'unproved' : owned(found) ? 'reserved' : 'no-account', { email, locale })
      const expiresAt = now() + life
      const letter = { bearer, expiresAt, ...whence(known.locale, visitor) }
      await sendMail('reset', { email, locale: known.locale }, letter)
    },
    /** Resolves to the account that the link is for; undefined where it is not good any more. */
    whose: async (bearer: string): Promise<Account | undefined> => {
      const link = await links.look(bearer, 'reset')
      return link && owner(link.account, link.securityStamp)
    },
    /** Uses the link up, and resolves to its account and the app that it was asked for at. Throws `link_expired`. */
    open: async (bearer: string): Promise<{ account: Account; app: string | undefined }> => {
      const link = await links.take(bearer, 'reset')
      const found = link && (await owner(link.account, link.securityStamp))
      if (!found) throw new Problem('link_expired')
      return { account: found, app: link.app }
    },
  }
}
