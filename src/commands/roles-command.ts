import { type Account, accounts } from '../accounts/account.ts'
import { type Role, roleNames, roles } from '../accounts/role.ts'
import { Problem } from '../errors.ts'
import type { EventName } from '../events.ts'
import { emailAddress } from '../factors/contacts.ts'
import type { Store } from '../store/collection.ts'
import { answer, type Command, type Given, json, Refusal, recording, withStore } from './command.ts'

const known = roleNames.join(', ')
const help = `Roles: ${known}. A viewer reads the pages at /admin; support also ends sessions and decides identity checks; security also locks accounts; an admin does everything, and gives roles with a second admin: make two. All of them need a passkey.`

async function named(store: Store, [typed = '', wanted, ...more]: readonly string[]): Promise<[Account, Role]> {
  const role = roleNames.find(each => each === wanted)
  if (role === undefined || more.length > 0) throw new Refusal(`Give an email address and a role: ${known}.`)
  const account = await accounts(store).byEmail(emailAddress(typed) ?? '')
  if (account?.status !== 'active') throw new Refusal(`No account has the address ${typed}.`)
  return [account, role]
}

/** Gives or takes a role, records it where something changed, and prints the outcome. */
const changing = (verb: 'give' | 'take', event: EventName & `role.${string}`, now: string) => (given: Given) =>
  withStore(given.config(), async store => {
    const [{ id: account, email }, role] = await named(store, given.words)
    const kept = roles({ store, now: Date.now })
    const guarded = verb === 'take' && role === 'admin' && !given.flag('last') && (await kept.has(account, role))
    const changed = guarded ? kept.takeUnlessLast(account, role).catch(refused) : kept[verb](account, role)
    if (await changed) await recording(store, given)(event, { account, role })
    given.out.write(`${email} ${now} ${role}.\n`)
    return 0
  })

const refused = (fault: unknown): never => {
  if (!(fault instanceof Problem && fault.code === 'last_admin')) throw fault
  throw new Refusal('This is the last admin: give somebody else the role first, or say --last.')
}

/** `roles give`: makes an account staff. */
export const rolesGive: Command = {
  does: 'Gives an account a role, by its email address',
  takes: 'EMAIL ROLE',
  options: {},
  words: true,
  help,
  examples: ['roles give grace@example.com support'],
  run: changing('give', 'role.given', 'has the role'),
}

/** `roles take`: ends a role from the next request on. */
export const rolesTake: Command = {
  does: 'Takes a role from an account',
  takes: 'EMAIL ROLE [--last]',
  options: { last: { type: 'boolean' } },
  words: true,
  help: ['  --last                      also from the last admin, whose role is kept otherwise', '', help].join('\n'),
  examples: ['roles take grace@example.com support'],
  run: changing('take', 'role.taken', 'no longer has the role'),
}

/** `roles list`: who has a role. */
export const rolesList: Command = {
  does: 'Lists who has a role, and since when',
  takes: '[--json]',
  options: json,
  help,
  examples: ['roles list', 'roles list --json'],
  run: given =>
    withStore(given.config(), async store => {
      const holders: { role: Role; account: string; email: string; since: string }[] = []
      for (const role of roleNames)
        for (const { account, since } of await roles({ store, now: Date.now }).of(role)) {
          const email = (await accounts(store).get(account))?.email ?? account
          holders.push({ role, account, email, since: new Date(since).toISOString() })
        }
      answer(
        given,
        holders,
        holders.map(({ role, email, since }) => `${role}\t${email}\t${since}`),
      )
      return 0
    }),
}
