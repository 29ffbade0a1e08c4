import { z } from 'zod'
import { type Accounts, active } from '../accounts/account.ts'
import { decides, type Role, type Roles, roleNames, takenByTwo } from '../accounts/role.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { forReason, type Operator, operation, recordOf, type Second, time, toAccount } from './operation.ts'
import type { proposals } from './proposals.ts'

interface Services {
  accounts: Pick<Accounts, 'get'>
  roles: Roles
  emit: Emit
}

const member = z.object({
  account: z.string(),
  email: z.string(),
  role: z.enum(roleNames),
  since: time,
})

/** What it takes to give and take roles, and to confirm either. */
const scope = 'admin:roles.write'

/** Who is of the staff, and who becomes it. */
export function staff(
  { accounts, roles, emit }: Services,
  { needingTwo }: Pick<ReturnType<typeof proposals>, 'needingTwo'>,
) {
  const give = async (account: string, role: Role, { by, reason, alone }: Second): Promise<void> => {
    if (!(await roles.give(account, role, alone))) throw new Problem('conflict')
    await emit('role.given', { account, role, ...recordOf(by, reason) }, by.origin)
  }
  const take = async (account: string, role: Role, by: Operator, reason: string): Promise<void> => {
    const taken = role === 'admin' ? roles.takeUnlessLast(account, role) : roles.take(account, role)
    if (!(await taken)) throw new Problem('not_found')
    await emit('role.taken', { account, role, ...recordOf(by, reason) }, by.origin)
  }
  /** Tells whether somebody could confirm it when this operator proposes to take a role from an account. */
  const confirmable = async (from: string, { staff }: Operator): Promise<boolean> => {
    const word = staff && (await roles.wordOf(staff.id, scope))
    for (const { account } of await roles.of('admin')) {
      if (account === from || account === staff?.id) continue
      const [found, theirs] = await Promise.all([accounts.get(account), roles.wordOf(account, scope)])
      if (active(found) && theirs !== undefined && theirs !== word) return true
    }
    return false
  }
  const proposedToTake = needingTwo({
    id: 'roles.take',
    means:
      'Proposes to take the role of `security` or `admin` from a colleague; any other role, and one’s own, is taken at once. It ends with the next request. The last admin keeps theirs.',
    scope,
    at: 'POST /roles/take',
    args: { role: z.enum(roleNames) },
    check: async ({ account, role }) => {
      if (!(await roles.has(account, role))) throw new Problem('not_found')
    },
    confirmed: ({ account, role }, _, { by, reason }) => take(account, role, by, reason),
  })
  const proposed = needingTwo({
    id: 'roles.give',
    means:
      'Proposes to give an account a role that decides with others; the role of a viewer, who only reads, is given at once.',
    scope,
    at: 'POST /roles/give',
    args: { role: z.enum(roleNames) },
    check: async ({ account, role }) => {
      if (!active(await accounts.get(account))) throw new Problem('not_found')
      if ((await roles.of(role)).some(each => each.account === account && each.givenBy === undefined))
        throw new Problem('conflict')
    },
    confirmed: ({ account, role }, _, second) => give(account, role, second),
  })
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
      ...proposed,
      result: z.object({ proposal: z.string().optional().describe('Absent where it was given at once') }),
      event: 'role.given',
      run: async (given, by): Promise<{ proposal?: string }> => {
        const { account, role, reason } = args.parse(given)
        if (decides(role)) return proposed.run(given, by)
        if (!active(await accounts.get(account))) throw new Problem('not_found')
        await give(account, role, { by, reason, alone: by.staff?.id })
        return {}
      },
    }),
    take: operation({
      ...proposedToTake,
      result: z.object({ proposal: z.string().optional().describe('Absent where it was taken at once') }),
      event: 'role.taken',
      own: true,
      run: async (given, by): Promise<{ proposal?: string }> => {
        const { account, role, reason } = args.parse(given)
        if (takenByTwo(role) && account !== by.staff?.id) {
          if (!(await roles.has(account, role))) throw new Problem('not_found')
          if (!(await confirmable(account, by))) throw new Problem('no_second')
          return proposedToTake.run(given, by)
        }
        await take(account, role, by, reason)
        return {}
      },
    }),
  }
}
