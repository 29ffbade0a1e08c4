import { z } from 'zod'
import { type Accounts, active } from '../accounts/account.ts'
import { type Roles, roleNames } from '../accounts/role.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { forReason, nothing, operation, recordOf, toAccount } from './operation.ts'

interface Services {
  accounts: Pick<Accounts, 'get'>
  roles: Roles
  emit: Emit
}

const member = z.object({
  account: z.string(),
  email: z.string(),
  role: z.enum(roleNames),
  since: z.number().describe('Milliseconds since the epoch'),
})

/** Who is of the staff, and who becomes it. */
export function staff({ accounts, roles, emit }: Services) {
  const args = z.object({ ...toAccount, role: z.enum(roleNames), ...forReason })
  return {
    list: operation({
      id: 'roles.list',
      means: 'Lists everybody who has a role, and since when.',
      scope: 'admin:roles.read',
      at: 'GET /roles',
      args: z.object({}),
      result: z.object({ staff: z.array(member) }),
      run: async () => {
        const found = (await Promise.all(roleNames.toReversed().map(roles.of))).flat()
        const named = found.map(async ({ account, role, since }) => {
          return { account, email: (await accounts.get(account))?.email ?? account, role, since }
        })
        return { staff: await Promise.all(named) }
      },
    }),
    give: operation({
      id: 'roles.give',
      means: 'Gives an account a role.',
      scope: 'admin:roles.write',
      at: 'POST /roles/give',
      args,
      result: nothing,
      event: 'role.given',
      run: async ({ account, role, reason }, by) => {
        if (!active(await accounts.get(account))) throw new Problem('not_found')
        if (!(await roles.give(account, role))) throw new Problem('conflict')
        await emit('role.given', { account, role, ...recordOf(by, reason) }, by.origin)
        return {}
      },
    }),
    take: operation({
      id: 'roles.take',
      means: 'Takes a role from an account, from the next request on; the last admin keeps theirs.',
      scope: 'admin:roles.write',
      at: 'POST /roles/take',
      args,
      result: nothing,
      event: 'role.taken',
      own: true,
      run: async ({ account, role, reason }, by) => {
        const taken = role === 'admin' ? roles.takeUnlessLast(account, role) : roles.take(account, role)
        if (!(await taken)) throw new Problem('not_found')
        await emit('role.taken', { account, role, ...recordOf(by, reason) }, by.origin)
        return {}
      },
    }),
  }
}
