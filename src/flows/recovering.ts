import { active, withoutKeys } from '../accounts/account.ts'
import type { Announced } from '../accounts/announcement.ts'
import type { Credential } from '../accounts/credential.ts'
import { Problem } from '../errors.ts'
import type { Origin, Visitor } from '../events.ts'
import { Conflict, retry } from '../store/collection.ts'
import { authority } from './assurance.ts'
import { type Commit, discard, type Wanted } from './committing.ts'
import type { FlowServices } from './flow-services.ts'
import type { Flow } from './flow-store.ts'
import type { Pending } from './sign-up.ts'

type Services = Pick<FlowServices, 'factors' | 'accounts' | 'addresses' | 'devices' | 'credentials'> & {
  /** Uses an identity check up: of several uses, or a use and a cancellation, one succeeds. Throws `attempt_expired`. */
  complete: (id: string) => Promise<void>
  /** Ends an account's sessions, and revokes its keys. */
  cutOff: (account: string, origin: Origin) => Promise<void>
  commit: Commit
}

/** Whatever an imported account lacked was set up. */
const imported = { unguarded: undefined, emailUnproved: undefined }

export type Recover = ReturnType<typeof recovering>

/**
 * Ends an identity check: puts what was set up in the place of all that the account held. What has come to it since ends with that, its
 * owner's own rules go, apps are told to wait, and everybody who was in is out. Resolves to the account's security stamp. Throws
 * `attempt_expired` when the check was used or cancelled, `conflict` when a new address has an account.
 */
export function recovering(services: Services) {
  const { factors, accounts, addresses, devices, credentials, complete, cutOff, commit } = services
  const factorOf = (id: string) => factors.find(each => each.id === id)

  return async (flow: Flow, enrolled: readonly Pending[], visitor: Visitor): Promise<number | undefined> => {
    const { account = '', case: checked = '', moves } = flow
    const contact: { email?: string; phone?: string } = Object.assign(
      {},
      ...enrolled.map(({ factor, secret }) => factorOf(factor)?.verifiedContact?.(secret)),
    )
    const { email, ...known } = contact
    const free = async () =>
      email === undefined || [account, undefined].includes((await addresses.whose(email))?.account)
    if (!(await free())) throw new Problem('conflict')
    if (!active(await accounts.get(account))) throw new Problem('attempt_expired')
    await complete(checked)

    const added: string[] = []
    const addedUnder = authority({ purpose: 'recover' }, [], factors)
    for (const each of enrolled) added.push(await credentials.add({ account, ...each, addedUnder }))
    // The mailbox stays unless it is lost, too: it is the one thing that was proved.
    const goes = ({ factor }: Credential) => moves || !factorOf(factor)?.identifies
    const events: Announced[] = enrolled.map(({ factor }, at) => ({
      name: 'factor.enrolled',
      data: { account, factor, credential: added[at] ?? '' },
    }))
    events.push({ name: 'identity.completed', data: { account, case: checked } })
    const { securityStamp } = await retry(async () => {
      const owner = await accounts.get(account)
      if (!active(owner)) {
        // It closes: when it is kept after all, it is as it was.
        await discard(credentials, added)
        throw new Problem('attempt_expired')
      }
      const went = (await credentials.of(account)).filter(goes).map(({ id }) => id)
      // Before and after: when this process dies in between, nobody who was in stays in.
      await cutOff(account, visitor)
      // Every device that the account signed in on: it may have been somebody else's.
      await devices.forgetSince(account)
      const wanted: Wanted = {
        ...{ came: added, went, loosens: true, always: true, events },
        settings: { smsAlerts: undefined, restrictions: undefined, travel: undefined },
        // Somebody may have signed up with it this very moment.
        fields: { ...imported, phone: undefined, ...withoutKeys(owner), ...((await free()) ? contact : known) },
      }
      const changed = await commit(owner, wanted, visitor).catch(fault => {
        if (!(fault instanceof Conflict)) throw fault
      })
      if (!changed) return undefined
      await cutOff(account, visitor)
      await devices.forgetSince(account)
      return changed
    })
    return securityStamp
  }
}
