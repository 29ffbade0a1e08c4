import { type Account, type AccountChange, owned, withoutKeys } from '../accounts/account.ts'
import type { Announced } from '../accounts/announcement.ts'
import { type Credential, madeByStaff } from '../accounts/credential.ts'
import type { Link } from '../accounts/link.ts'
import { Problem } from '../errors.ts'
import type { Visitor } from '../events.ts'
import { Conflict, retry } from '../store/collection.ts'
import type { Commit, Wanted } from './committing.ts'
import type { FlowServices } from './flow-services.ts'
import { resetLife } from './resetting.ts'

type Taken = 'factors' | 'accounts' | 'addresses' | 'credentials' | 'devices' | 'links' | 'sendMail' | 'now'

/** How long a sign-up may take, in milliseconds. */
const signUpLife = 60 * 60_000
/** How long a link that `link` made is good, and from how long before it what came is disowned with it, in milliseconds. */
const disownLife = 60 * 60_000
const prelude = 24 * 60 * 60_000

export type Disowning = ReturnType<typeof disowning>

/** "This wasn't me": undoes what somebody else did, by a mailed link, once its button is pressed. Nobody is signed in by it. */
export function disowning(services: Pick<FlowServices, Taken> & { commit: Commit }) {
  const { factors, accounts, addresses, credentials, devices, commit, links, sendMail, now } = services
  const factorOf = ({ factor }: Credential) => factors.find(({ id }) => id === factor)

  /** Works out the account once the link's change is undone; undefined when the link's address belongs to nobody any more, or staff replaced it. */
  const settle = async (link: Link) => {
    const { account = '', address, came, since = Number.POSITIVE_INFINITY } = link
    const owner = await accounts.get(account)
    const [all, out] = await Promise.all([credentials.of(account), credentials.out(account)])
    const home = [...all, ...out].find(each => each.id === address)
    if (!owned(owner) || !home) return undefined
    const { changes = [] } = owner
    const lost = changes.findLast(({ went }) => went.includes(home.id))
    // Somebody else may read the mailbox that staff took away.
    if (home.retiredAt !== undefined && lost && madeByStaff(lost)) return undefined
    const hostile = hostileOf(changes, link, home.retiredAt === undefined ? undefined : lost)
    const rules = formerly(
      owner,
      changes.filter(each => hostile.includes(each) || each.at >= since),
      since,
    )
    const theirs = new Set(hostile.flatMap(each => each.came))
    const mine = new Set(hostile.flatMap(each => each.went))
    // What came after the address was lost may be the thief's; what the account began with is the owner's.
    const from = Math.max(owner.createdAt + signUpLife, Math.min(since, home.retiredAt ?? since))
    // No mailed link undoes what two of the staff did.
    const staffs = new Set(changes.filter(madeByStaff).flatMap(each => each.came))
    const goes = (each: Credential) =>
      each.id !== address &&
      !staffs.has(each.id) &&
      (factorOf(each)?.kind === 'knowledge' || each.id === came || theirs.has(each.id) || each.createdAt >= from)
    const back = out.filter(each => mine.has(each.id) && each.id !== address && !goes(each))
    const others = all.filter(each => each.id !== address)
    const stays = [...others.filter(each => !goes(each)), ...back, home]
    return {
      ...{ owner, home, stays, settings: rules },
      from: Math.min(since, home.retiredAt ?? since),
      // Where only chosen devices are let in, taking an old one away could shut the owner out.
      device: { ...owner, ...rules }.restrictions?.devices ? undefined : link.device,
      went: others.filter(goes).map(({ id }) => id),
      came: [...back, ...(all.includes(home) ? [] : [home])].map(({ id }) => id),
      gone: [...all, ...out].filter(goes).map(({ id }) => id),
      history: changes.filter(each => !hostile.includes(each)),
    }
  }

  const contact = (stays: readonly Credential[]) => {
    const each = stays.map(credential => factorOf(credential)?.verifiedContact?.(credential.secret))
    return { phone: undefined, ...Object.assign({}, ...each) } as { email?: string; phone: string | undefined }
  }

  return {
    /** Returns one of these links, for the holder of an address of the account who found that somebody else asked for it. */
    link: ({ account, address }: { account: string; address: string }): Promise<string> => {
      const since = now() - prelude
      return links.make({ purpose: 'disown', account, address, since }, disownLife)
    },
    /** Resolves to the account that the link would lock; undefined where it does nothing any more. */
    whose: async (bearer: string): Promise<string | undefined> => {
      const link = await links.look(bearer, 'disown')
      return link && (await settle(link))?.owner.id
    },
    /**
     * Locks the password, takes away what came to the account around the act that is disowned and since, puts back an address
     * that was lost, and mails a link to a new password there. Resolves to that address; sessions have still to end. Throws `link_expired`,
     * or `conflict` when the address has another account by now: all else is done then, but for the mail.
     */
    disown: async (bearer: string, visitor: Visitor): Promise<string> =>
      // Used up only once all is done: it may be the only mail that the owner still has, and this process may die on the way.
      links.use(bearer, 'disown', link => undo(link, visitor)),
  }

  async function undo(link: Link, visitor: Visitor): Promise<string> {
    return retry(async () => {
      const settled = await settle(link)
      if (!settled) throw new Problem('link_expired')
      const { owner, home, settings, went, history } = settled
      const forget = () => devices.forgetSince(owner.id, settled.from, settled.device)
      const { id: account, locale, status } = owner
      const closing = status === 'closing'
      const { email, phone } = contact(settled.stays)
      const opened = closing && { status: 'active' as const, closesAt: undefined }
      const taken = email !== undefined && ![account, undefined].includes((await addresses.whose(email))?.account)
      const came = settled.came.filter(id => !taken || id !== home.id)
      const events: Announced[] = [{ name: 'account.disowned', data: { account } }]
      if (closing) events.push({ name: 'closing.stopped', data: { account } })
      const ruledAt = 'restrictions' in settings ? undefined : owner.ruledAt
      const fields = {
        phone,
        ruledAt,
        ...withoutKeys(owner),
        ...opened,
        ...(email !== undefined && { email: taken ? nobody(account) : email }),
      }
      // Before and after: when this process dies in between, no device of the intruder's counts as the owner's.
      await forget()
      const wanted = { came, went, settings, fields, history, loosens: true, events }
      const changed = await commit(owner, wanted, visitor).catch(fault => {
        // Somebody claims the address at this very moment: it is looked at once more.
        if (!(fault instanceof Conflict)) throw fault
      })
      if (!changed) return undefined
      await forget()
      // Already out of force: removed for good, so that nothing of the intruder's can be put back.
      for (const each of settled.gone) await credentials.remove(each)
      if (taken) throw new Problem('conflict')
      const expiresAt = now() + resetLife
      const bearer = await links.make({ purpose: 'reset', account, securityStamp: changed.securityStamp }, resetLife)
      await sendMail('disowned', { email: changed.email, locale }, { bearer, expiresAt })
      return changed.email
    })
  }
}

/**
 * The changes that are undone with an act: the act itself, the one by which the link's address was lost, and what the same
 * sessions and browsers changed from shortly before on. What others changed meanwhile may be the owner's own defence.
 */
function hostileOf(
  changes: readonly AccountChange[],
  { since = Number.POSITIVE_INFINITY, change, session, device }: Link,
  lost: AccountChange | undefined,
): AccountChange[] {
  const acts = [...changes.filter(({ id }) => id === change), ...(lost ? [lost] : [])]
  const by = [{ session, device }, ...acts]
  const from = Math.min(since, ...(lost ? [lost.at - prelude] : []))
  const same = (each: AccountChange) =>
    by.some(
      other =>
        (each.session !== undefined && each.session === other.session) ||
        (each.device !== undefined && each.device === other.device),
    )
  return changes.filter(each => acts.includes(each) || (each.at >= from && same(each)))
}

/** Returns the settings as they were before the first of these changes that replaced them; rules whose former value is unknown are removed. */
function formerly(owner: Account, undone: readonly AccountChange[], since: number) {
  const former: NonNullable<Wanted['settings']> = {}
  // Rules that are theirs would keep the owner out.
  if ((owner.ruledAt ?? 0) >= since) Object.assign(former, { restrictions: undefined, travel: undefined })
  for (const { replaced, was } of undone.toReversed())
    for (const name of replaced) Object.assign(former, { [name]: was[name] })
  return former
}

/** An address that nobody can have (RFC 2606, section 2): for an account whose own one has gone to another by now. */
function nobody(account: string): string {
  return `${account.toLowerCase()}@released.invalid`
}
