import { z } from 'zod'
import { type Accounts, active } from '../accounts/account.ts'
import type { AdminScope, Roles } from '../accounts/role.ts'
import { adminApi } from '../clients/apis.ts'
import type { Clients } from '../clients/registry.ts'
import { id as newId } from '../crypto/random.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { claim, declare, type Store } from '../store/collection.ts'
import {
  forReason,
  nothing,
  type Operation,
  type Operator,
  operation,
  recordOf,
  type Second,
  toAccount,
} from './operation.ts'

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
  /** The security stamp of the account of the staff when it proposed: a later change, or the end of all its sessions, voids what was proposed before. */
  stamp: z.number().optional(),
  reason: z.string(),
  /** What its check found, where that must still be so. */
  seen: z.number().optional(),
  at: z.number(),
  expiresAt: z.number(),
})
export type Proposal = z.output<typeof shape>

/** What one of the staff proposes: to take something from a person's account or its protection, or to give a role. */
export const proposalsDeclaration = declare({ name: 'staff_proposals', shape, indexes: ['account', 'at'] })

interface Services {
  store: Store
  accounts: Pick<Accounts, 'get'>
  roles: Pick<Roles, 'wordOf'>
  clients: Pick<Clients, 'ours'>
  issuer: string
  emit: Emit
  now: () => number
}

/** What it takes to confirm any proposal, beside what it takes to propose it; and to propose most. */
export const confirming = 'admin:people.loosen' satisfies AdminScope
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
export function proposals(
  { store, accounts, roles, clients, issuer, emit, now }: Services,
  declared: (id: string) => Operation,
) {
  const kept = store.collection(proposalsDeclaration)
  const { resource } = adminApi(issuer)

  const open = async (id: string): Promise<Proposal> => {
    const found = await kept.get(id)
    if (!found) throw new Problem('not_found')
    return found
  }
  const aboutOf = ({ id: proposal, account, operation }: Proposal) => ({ account, proposal, operation })
  const addressOf = async (account: string) => (await accounts.get(account))?.email ?? account
  const shownOf = async ({ id: proposal, args, staff, client, seen: _, stamp: __, ...each }: Proposal) => ({
    ...{ ...each, proposal, args: JSON.parse(args) as Record<string, unknown>, email: await addressOf(each.account) },
    by: staff === undefined ? (client ?? '') : await addressOf(staff),
  })

  /** Resolves to whose word a proposal is; undefined for a program's. Throws `conflict` where who proposed it may not any more, or is not certain to have been who proposed it. */
  const proposer = async ({ staff, client, stamp }: Proposal, scope: AdminScope): Promise<string | undefined> => {
    if (client !== undefined) {
      const may = (await clients.ours(client))?.apis.get(resource)?.scope.split(' ') ?? []
      if (!may.includes(scope)) throw new Problem('conflict')
    }
    if (staff === undefined) return undefined
    const [account, word] = await Promise.all([accounts.get(staff), roles.wordOf(staff, scope)])
    if (!active(account) || account.securityStamp !== stamp || word === undefined) throw new Problem('conflict')
    return word
  }
  /** Resolves to the word of the second one. Throws where they and who proposed it are not two who may, or it is about one of them. */
  const second = async (found: Proposal, scope: AdminScope, { staff }: Operator): Promise<string> => {
    // A program confirms nothing: two people have to look.
    if (staff === undefined) throw new Problem('not_permitted')
    if (found.staff === staff.id) throw new Problem('second_needed')
    if (found.account === staff.id) throw new Problem('own_case')
    const [first, word, account] = await Promise.all([
      proposer(found, scope),
      roles.wordOf(staff.id, scope),
      accounts.get(staff.id),
    ])
    if (word === undefined || !active(account)) throw new Problem('not_permitted')
    if (first === word) throw new Problem('second_needed')
    return word
  }

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
      scope: confirming,
      at: 'POST /proposals/{proposal}/confirm',
      args: z.object({ ...which, ...forReason }),
      result: nothing,
      event: 'proposal.confirmed',
      run: async ({ proposal, reason }, by) => {
        const found = await open(proposal)
        const { confirmed, check, args: given, scope } = declared(found.operation)
        if (!by.scopes.has(scope)) throw new Problem('not_permitted')
        await second(found, scope, by)
        const args = given.parse(JSON.parse(found.args))
        await check?.(args)
        if (!confirmed || !(await kept.take(found.id))) throw new Problem('not_found')
        try {
          // Asked again once nobody else can decide it: meanwhile one of the two may have been locked, or lost the role.
          const word = await second(found, scope, by)
          await emit('proposal.confirmed', { ...aboutOf(found), ...recordOf(by, reason) }, by.origin)
          await confirmed(args, found.seen, { by, reason, alone: found.staff === undefined ? word : undefined })
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
      scope: confirming,
      at: 'POST /proposals/{proposal}/decline',
      args: z.object({ ...which, ...forReason }),
      result: nothing,
      event: 'proposal.declined',
      run: async ({ proposal, reason }, by) => {
        if (!by.scopes.has(declared((await open(proposal)).operation).scope)) throw new Problem('not_permitted')
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
    scope = confirming,
    ...declaration
  }: Pick<Operation, 'id' | 'means' | 'at'> & {
    /** What it takes to propose it, and to confirm it. */
    scope?: AdminScope
    args: More
    check?(args: { account: string } & z.output<z.ZodObject<More>>): Promise<unknown>
    confirmed(
      args: { account: string } & z.output<z.ZodObject<More>>,
      seen: number | undefined,
      second: Second,
    ): Promise<void>
  }) =>
    operation({
      ...(declaration as unknown as Pick<Operation, 'id' | 'means' | 'at' | 'check' | 'confirmed'>),
      scope,
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
        const stamp = by.staff?.securityStamp
        await kept.insert({
          ...proposal,
          ...seen,
          ...(stamp !== undefined && { stamp }),
          reason: reason.trim(),
          at,
          expiresAt: at + waits,
        })
        const about = { account, proposal: proposal.id, operation: declaration.id }
        await emit('proposal.made', { ...about, ...recordOf(by, reason) }, by.origin)
        return { proposal: proposal.id }
      },
    })

  return { families, needingTwo, second }
}
