import { type Accounts, owned } from '../accounts/account.ts'
import type { Credential, Credentials } from '../accounts/credential.ts'
import type { Link, Links } from '../accounts/link.ts'
import { Problem } from '../errors.ts'
import type { Record as RecordEvent } from '../events.ts'
import type { Factor } from '../factors/factor.ts'
import { resetLife } from './resetting.ts'
import type { Visitor } from './visitor.ts'

/** "This wasn't me": what its mailed link does, once its button is pressed. Nobody is signed in by it. */
export interface Disowning {
  /** Whose account the link would lock; undefined where it does nothing any more. */
  whose(bearer: string): Promise<string | undefined>
  /**
   * Locks the password, takes away what came to the account around the act that is disowned and since, puts back an address
   * that was lost, and mails a link to a new password there. Resolves to that address; sessions have still to end. Throws `link_expired`,
   * or `conflict` when the address has another account by now: all else is done then, but for the mail.
   */
  disown(bearer: string, visitor: Visitor): Promise<string>
  /** Makes one of these links, for who holds an address of the account and found that somebody else asked for it. */
  link(about: { account: string; address: string }): Promise<string>
}

interface Services {
  factors: readonly Factor[]
  accounts: Accounts
  credentials: Credentials
  links: Links
  messages: { disowned(letter: { to: string; locale: string; reset: string; expiresAt: number }): Promise<void> }
  record: RecordEvent
  hold: number
  now: () => number
}

/** How long a sign-up may take, in milliseconds. */
const signUpLife = 60 * 60_000
/** How long a link that `link` made is good, and from how long before it what came is disowned with it, in milliseconds. */
const disownLife = 60 * 60_000
const prelude = 24 * 60 * 60_000
/** Changes in a row that may come first. */
const tries = 20

/** Makes what disowns. */
export function disowning(services: Services): Disowning {
  const { factors, accounts, credentials, links, messages, record, hold, now } = services

  /** What is left of an account's credentials, and what goes; undefined when the link's address is nobody's any more. */
  const settle = async ({ account = '', address, came, since = Number.POSITIVE_INFINITY }: Link) => {
    const [owner, held, out] = await Promise.all([
      accounts.get(account),
      credentials.of(account),
      credentials.out(account),
    ])
    const home = [...held, ...out].find(each => each.id === address)
    if (!owned(owner) || !home) return undefined
    // Whatever came after the address was lost may be theirs who took it; what it began with is the owner's.
    const from = Math.max(owner.createdAt + signUpLife, Math.min(since, home.retiredAt ?? since))
    const known = (each: Credential) => factors.find(({ id }) => id === each.factor)?.kind === 'known'
    const goes = (each: Credential) =>
      each.id !== address && (known(each) || each.id === came || each.createdAt >= from)
    const stays = [...held.filter(each => !goes(each) && each.id !== address), home]
    // Rules that are theirs would keep the owner out.
    const ruled = (owner.ruledAt ?? 0) >= since
    return { owner, home, stays, gone: [...held, ...out].filter(goes), ruled }
  }

  const vouched = (stays: readonly Credential[]) => {
    const each = stays.map(({ factor, secret }) => factors.find(({ id }) => id === factor)?.vouches?.(secret))
    return { phone: undefined, ...Object.assign({}, ...each) } as { email?: string; phone: string | undefined }
  }

  return {
    link: ({ account, address }) => {
      const since = now() - prelude
      return links.make({ purpose: 'disown', account, address, since }, disownLife)
    },
    whose: async bearer => {
      const link = await links.look(bearer, 'disown')
      return link && (await settle(link))?.owner.id
    },
    disown: async (bearer, visitor) => {
      const link = await links.take(bearer, 'disown')
      if (!link?.account) throw new Problem('link_expired')
      for (let left = tries; left > 0; left--) {
        const settled = await settle(link)
        if (!settled) throw new Problem('link_expired')
        const { id: account, guard, locale, holdUntil = 0, status } = settled.owner
        const closing = status === 'closing'
        for (const each of settled.gone) await credentials.remove(each.id)
        const at = now()
        const until = Math.max(at + hold, holdUntil)
        const { email, phone } = vouched(settled.stays)
        const rules = settled.ruled && { restrictions: undefined, travel: undefined }
        const opened = closing && { status: 'active' as const, closesAt: undefined }
        const changes = { phone, updatedAt: at, ...rules, ...opened, ...(hold > 0 && { holdUntil: until }) }
        const taken = email !== undefined && ![account, undefined].includes((await accounts.byEmail(email))?.id)
        const changed = await accounts.guarded(account, guard, taken ? changes : { ...changes, email })
        if (!changed) continue
        if (!taken) await credentials.restore(settled.home.id)
        await record('account.disowned', { account }, visitor)
        if (closing) await record('closing.stopped', { account }, visitor)
        if (hold > 0) await record('hold.started', { account, until }, visitor)
        if (taken) throw new Problem('conflict')
        const expiresAt = at + resetLife
        const reset = await links.make({ purpose: 'reset', account, guard: changed.guard }, resetLife)
        await messages.disowned({ to: changed.email, locale, reset, expiresAt })
        return changed.email
      }
      throw new Problem('busy', { retryAfter: 1 })
    },
  }
}
