import { type Account, raised, withoutKeys } from '../accounts/account.ts'
import type { Link } from '../accounts/link.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import type { FlowServices } from './flow-services.ts'

/** How long one process has for removing an account before another may take over, in milliseconds. */
const lease = 10 * 60_000

type Services = Pick<FlowServices, 'accounts' | 'links' | 'sendMail' | 'emit' | 'now'> & {
  /** Ends what an account is still signed in to. */
  endAll: (account: string) => Promise<void>
  /** Removes everything that is kept of an account, itself last; may be done again. */
  erase: (account: string) => Promise<void>
  /** Resolves to whether the clock may be believed for what cannot be undone. */
  steady: () => Promise<boolean>
  patience: number
}

export type Closing = ReturnType<typeof closing>

/** Closes accounts: an owner may change their mind for `patience` milliseconds, then all that is kept of the account is removed. */
export function closing(services: Services) {
  const { accounts, links, sendMail, endAll, erase, steady, emit, patience, now } = services

  /** Keeps an account whose owner was proved; of several that do it at once one does, and false says that it is too late. */
  const keep = async (id: string, visitor: Visitor): Promise<boolean> => {
    const { status, closesAt = 0 } = (await accounts.get(id)) ?? {}
    if (status === 'active') return true
    if (status !== 'closing' || closesAt <= now()) return false
    // Whatever slipped in while the account was being closed ends before it opens again.
    await endAll(id)
    const kept = await accounts.patch(id, { status: 'active', closesAt: undefined }, { status, closesAt })
    if (kept) await emit('closing.stopped', { account: id }, visitor)
    return kept !== undefined || (await accounts.get(id))?.status === 'active'
  }

  const ofLink = async (link: Link | undefined): Promise<Account | undefined> => {
    const found = link?.account === undefined ? undefined : await accounts.get(link.account)
    const due = found?.closesAt !== undefined && found.closesAt <= now()
    // The security stamp tells one closing from the next.
    return found?.status === 'closing' && !due && found.securityStamp === link?.securityStamp ? found : undefined
  }

  const remove = async ({ id, email, locale, status, closesAt }: Account): Promise<void> => {
    const claim = { status: 'closed' as const, closesAt: now() + lease }
    // From here on nobody keeps it, and nobody else removes it, unless this process dies.
    if (!(await accounts.patch(id, claim, { status, closesAt }))) return
    // All of it again where another process died on the way: said twice is better than never.
    await endAll(id)
    await emit('account.closed', { account: id })
    await sendMail('closed', { email, locale })
    await erase(id)
  }

  return {
    patience,
    /** Begins; its sessions and keys have still to end. Throws `conflict` when it closes already, or another change came first. */
    start: async ({ id, securityStamp }: Account, visitor: Visitor): Promise<void> => {
      const at = now()
      const until = at + patience
      const changes = {
        status: 'closing' as const,
        closesAt: until,
        ...raised(securityStamp),
        ...withoutKeys({ securityStamp }),
        updatedAt: at,
      }
      if (!(await accounts.patch(id, changes, { securityStamp, status: 'active' }))) throw new Problem('conflict')
      await emit('closing.started', { account: id, until }, visitor)
    },
    /** Resolves to the account that a mailed link would keep; undefined where it does nothing any more. */
    whose: async (bearer: string): Promise<Account | undefined> => ofLink(await links.look(bearer, 'keep')),
    /** Keeps the account of a mailed link. Throws `link_expired`. */
    keepBy: async (bearer: string, visitor: Visitor): Promise<void> => {
      await links.use(bearer, 'keep', async link => {
        const account = await ofLink(link)
        if (!account || !(await keep(account.id, visitor))) throw new Problem('link_expired')
      })
    },
    keep,
    /** Removes what is due, once the clock has run steadily for a day; of several processes one does each account, and what one left half done another finishes. */
    sweep: async (): Promise<void> => {
      if (!(await steady())) return
      let failed: unknown
      for await (const account of accounts.due('closesAt', now())) {
        // One that cannot be removed keeps none of the others.
        await remove(account).catch(fault => {
          failed ??= fault
        })
      }
      if (failed !== undefined) throw failed
    },
  }
}
