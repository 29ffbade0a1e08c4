import { z } from 'zod'
import type { Accounts } from '../accounts/account.ts'
import type { AdminScope, Roles } from '../accounts/role.ts'
import { id as newId } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { claim, declare, type Store } from '../store/collection.ts'
import { forReason, nothing, type Operation, type Operator, operation, recordOf, toAccount } from './operation.ts'

/** How long a proposal waits for another of the staff, in milliseconds. */
const waits = 24 * 3_600_000
/** Proposals on one list. */
const most = 200

const shape = z.object({
  id: z.string(),
  account: z.string(),
  operation: z.string(),
  /** As JSON. */
  args: z.string(),
  /** Who proposes it: an account of the staff, or the client id of a program. */
  staff: z.string().optional(),
  client: z.string().optional(),
  reason: z.string(),
  /** What its check found, where that must still be so. */
  seen: z.number().optional(),
  at: z.number(),
  expiresAt: z.number(),
})
type Proposal = z.output<typeof shape>

/** What one of the staff proposes to take from a person's account or its protection. */
export const proposalsDeclaration = declare({ name: 'staff_proposals', shape, indexes: ['account', 'at'] })

interface Services {
  store: Store
  accounts: Pick<Accounts, 'get'>
  roles: Pick<Roles, 'scopes'>
  emit: Emit
  now: () => number
}

const loosen = 'admin:people.loosen' satisfies AdminScope
const which = { proposal: z.string().max(100) }
const shown = z.object({
  proposal: z.string(),
  account: z.string(),
  email: z.string().describe('The address of the person whom it is about'),
  operation: z.string(),
  args: z.record(z.string(), z.unknown()),
  by: z.string().describe('The address of who proposes it, or the client id of a program'),
  reason: z.string(),
  at: z.number(),
  expiresAt: z.number(),
})

/** What is proposed by one of the staff, confirmed by another, and only then done: once, within a day, and never to their own account. */
export function proposals({ store, accounts, roles, emit, now }: Services, declared: (id: string) => Operation) {
  const kept = store.collection(proposalsDeclaration)

  const open = async (id: string): Promise<Proposal> => {
    const found = await kept.get(id)
    if (!found) throw new Problem('not_found')
    return found
  }
  const aboutOf = ({ id: proposal, account, operation }: Proposal) => ({ account, proposal, operation })
  const addressOf = async (account: string) => (await accounts.get(account))?.email ?? account
  const shownOf = async ({ id: proposal, args, staff, client, seen: _, ...each }: Proposal) => ({
    ...{ ...each, proposal, args: JSON.parse(args) as Record<string, unknown>, email: await addressOf(each.account) },
    by: staff === undefined ? (client ?? '') : await addressOf(staff),
  })

  const families = {
    list: operation({
      id: 'proposals.list',
      means: 'Lists what waits for a second member of staff, oldest first.',
      scope: 'admin:people.read',
      at: 'GET /proposals',
      args: z.object({ account: z.string().max(100).optional() }),
      result: z.object({ proposals: z.array(shown) }),
      run: async ({ account }) => {
        const where = account === undefined ? {} : { account }
        const found = await kept.find(where, { sort: { by: 'at' }, limit: most })
        return { proposals: await Promise.all(found.map(shownOf)) }
      },
    }),
    get: operation({
      id: 'proposals.get',
      means: 'Shows what waits for a second member of staff.',
      scope: 'admin:people.read',
      at: 'GET /proposals/{proposal}',
      args: z.object(which),
      result: shown,
      run: async ({ proposal }) => shownOf(await open(proposal)),
    }),
    confirm: operation({
      id: 'proposals.confirm',
      means: 'Confirms what another member of staff proposed, and does it.',
      scope: loosen,
      at: 'POST /proposals/{proposal}/confirm',
      args: z.object({ ...which, ...forReason }),
      result: nothing,
      event: 'proposal.confirmed',
      run: async ({ proposal, reason }, by) => {
        const found = await open(proposal)
        const { confirmed, check, args: given } = declared(found.operation)
        // A program confirms nothing: two people have to look.
        if (by.staff === undefined) throw new Problem('not_permitted')
        if (found.staff === by.staff.id) throw new Problem('second_needed')
        if (found.account === by.staff.id) throw new Problem('own_case')
        // What somebody proposed who has left the staff since does not count.
        if (found.staff !== undefined && !(await roles.scopes(found.staff)).has(loosen)) throw new Problem('conflict')
        const args = given.parse(JSON.parse(found.args))
        await check?.(args)
        if (!confirmed || !(await kept.take(found.id))) throw new Problem('not_found')
        try {
          await emit('proposal.confirmed', { ...aboutOf(found), ...recordOf(by, reason) }, by.origin)
          await confirmed(args, found.seen)
        } catch (fault) {
          await claim(kept, found)
          throw fault
        }
        return {}
      },
    }),
    decline: operation({
      id: 'proposals.decline',
      means: 'Turns down what a member of staff proposed.',
      scope: loosen,
      at: 'POST /proposals/{proposal}/decline',
      args: z.object({ ...which, ...forReason }),
      result: nothing,
      event: 'proposal.declined',
      run: async ({ proposal, reason }, by) => {
        const found = await kept.take(proposal)
        if (!found) throw new Problem('not_found')
        await emit('proposal.declined', { ...aboutOf(found), ...recordOf(by, reason) }, by.origin)
        return {}
      },
    }),
  }

  /** Declares an operation that needs two of the staff: `run` proposes it, and `confirmed` does it. */
  const needingTwo = <More extends z.ZodRawShape>({
    args: more,
    ...declaration
  }: Pick<Operation, 'id' | 'means' | 'at'> & {
    args: More
    check?(args: { account: string } & z.output<z.ZodObject<More>>): Promise<unknown>
    confirmed(args: { account: string } & z.output<z.ZodObject<More>>, seen: number | undefined): Promise<void>
  }) =>
    operation({
      ...(declaration as unknown as Pick<Operation, 'id' | 'means' | 'at' | 'check' | 'confirmed'>),
      scope: loosen,
      args: z.object({ ...toAccount, ...more, ...forReason }) as unknown as z.ZodObject,
      result: z.object({ proposal: z.string() }),
      event: 'proposal.made',
      run: async (args, by: Operator) => {
        const found = await (declaration.check as Operation['check'])?.(args)
        const seen = typeof found === 'number' ? { seen: found } : {}
        const { account, reason } = args as { account: string; reason: string }
        const { staff, client } = recordOf(by)
        const at = now()
        const proposal = { id: newId(), account, operation: declaration.id, args: JSON.stringify(args), staff, client }
        await kept.insert({ ...proposal, ...seen, reason: reason.trim(), at, expiresAt: at + waits })
        const about = { account, proposal: proposal.id, operation: declaration.id }
        await emit('proposal.made', { ...about, ...recordOf(by, reason) }, by.origin)
        return { proposal: proposal.id }
      },
    })

  return { families, needingTwo }
}
