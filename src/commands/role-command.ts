import { type Account, accounts } from '../accounts/account.ts'
import { type Role, roleNames, roles } from '../accounts/role.ts'
import { type EventName, recorder } from '../events.ts'
import { emailAddress } from '../factors/contacts.ts'
import { audit } from '../observers/audit.ts'
import type { Store } from '../store/collection.ts'
import { type Command, type Given, Refusal, withStore } from './command.ts'

const known = roleNames.join(', ')
const help = `Roles: ${known}. A viewer reads the pages at /admin; support also ends sessions and decides identity checks; security also locks accounts; an admin does everything, and gives roles. All of them need a passkey.`

async function named(store: Store, [typed = '', wanted, ...more]: readonly string[]): Promise<[Account, Role]> {
  const role = roleNames.find(each => each === wanted)
  if (role === undefined || more.length > 0) throw new Refusal(`An address and a role are to be told: ${known}.`)
  const account = await accounts(store).byEmail(emailAddress(typed) ?? '')
  if (account?.status !== 'active') throw new Refusal(`No account has the address ${typed}.`)
  return [account, role]
}

/** Gives or takes, puts it on the record where something has changed, and says how it is now. */
const changing =
  (verb: 'give' | 'take', event: EventName & `role.${string}`, now: string) =>
  ({ words, config, out }: Given) =>
    withStore(config(), async store => {
      const [{ id: account, email }, role] = await named(store, words)
      const emit = recorder([audit({ store })], Date.now, () => {})
      if (await roles({ store, now: Date.now })[verb](account, role)) await emit(event, { account, role })
      out.write(`${email} ${now} ${role}.\n`)
      return 0
    })

/** `role give`: lets an account do something for others. */
export const roleGive: Command = {
  does: 'Gives an account a role, by its address',
  takes: 'EMAIL ROLE',
  options: {},
  words: true,
  help,
  run: changing('give', 'role.given', 'has the role'),
}

/** `role take`: ends that, from the next request on. */
export const roleTake: Command = {
  does: 'Takes a role from an account',
  takes: 'EMAIL ROLE',
  options: {},
  words: true,
  help,
  run: changing('take', 'role.taken', 'has no longer the role'),
}

/** `role list`: who has one. */
export const roleList: Command = {
  does: 'Lists who has a role, and since when',
  takes: '',
  options: {},
  help,
  run: ({ config, out }) =>
    withStore(config(), async store => {
      for (const role of roleNames) {
        for (const { account, since } of await roles({ store, now: Date.now }).of(role)) {
          const email = (await accounts(store).get(account))?.email ?? account
          out.write(`${role}\t${email}\t${new Date(since).toISOString()}\n`)
        }
      }
      return 0
    }),
}
