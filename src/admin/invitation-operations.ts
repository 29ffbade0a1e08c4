import { z } from 'zod'
import { type Invitation, invitationStates, invitations } from '../clients/invitations.ts'
import { thirdParty } from '../clients/policies.ts'
import type { Clients } from '../clients/registry.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import type { Store } from '../store/collection.ts'
import { appLimit } from './app-operations.ts'
import { forReason, operation, recordOf, time } from './operation.ts'

interface Keeping {
  store: Store
  clients: Pick<Clients, 'declared'>
  emit: Emit
  now: () => number
}

interface Services extends Keeping {
  clients: Parameters<typeof appLimit>[0]['clients']
  issuer: string
  /** Who may register apps, by the setting. */
  registration: Registration
}

const registrations = ['off', 'token', 'open'] as const
type Registration = (typeof registrations)[number]

/** The most that an invitation is good for, and what it is good for unless told. */
export const invitationBounds = { uses: 10_000, days: 365 }
export const usualInvitation = { policy: thirdParty.policy, uses: 1, days: 7 }
const day = 24 * 3_600_000

/** What somebody wants an invitation for. */
interface Wish {
  policy: string
  uses: number
  days: number
}
type By = Partial<ReturnType<typeof recordOf>>

/** Makes and revokes invitations for staff, programs and the operator, and has it on record. */
export function invitationKeeper({ store, clients, emit, now }: Keeping) {
  const kept = invitations({ store, now })
  return {
    ...kept,
    /** Resolves to a token that is told this once. Throws `unknown_policy`, `out_of_bounds`, and what `limit` throws of an app that the policy allows. */
    create: async (
      { policy, uses, days }: Wish,
      by: By,
      origin = {},
      limit: (entry: Readonly<Record<string, unknown>>) => void = () => undefined,
    ) => {
      const found = clients.declared().policies.get(policy)
      if (!found) throw new Problem('unknown_policy', { field: 'policy' })
      for (const [field, typed] of Object.entries({ uses, days }))
        if (!Number.isInteger(typed) || typed < 1 || typed > invitationBounds[field as 'uses' | 'days'])
          throw new Problem('out_of_bounds', { field, values: { most: invitationBounds[field as 'uses' | 'days'] } })
      limit({ apis: found.apis })
      const { staff, client } = by
      const until = now() + days * day
      const made = await kept.invite({ policy, uses, until, ...(staff && { staff }), ...(client && { client }) })
      await emit('client.invited', { policy, uses, until, invitation: made.invitation.id, ...by }, origin)
      return made
    },
    /** Revokes an open invitation. Throws `not_found`, and `conflict` for one that is used up, expired or revoked. */
    revoke: async (id: string, by: By, origin = {}): Promise<Invitation> => {
      const found = await kept.get(id)
      if (!found) throw new Problem('not_found')
      if (!(await kept.revoke(id))) throw new Problem('conflict')
      await emit('invitation.revoked', { invitation: id, policy: found.policy, ...by }, origin)
      return (await kept.get(id)) ?? found
    },
  }
}

const shown = z.object({
  id: z.string(),
  policy: z.string().describe('What the apps may do that register with it'),
  state: z.enum(invitationStates),
  uses: z.number().describe('How many apps may still register with it'),
  of: z.number().optional().describe('How many there were at first'),
  madeAt: time.optional(),
  until: time.describe('When it expires'),
  revokedAt: time.optional(),
  staff: z.string().optional().describe('The account of the member of staff who made it'),
  client: z
    .string()
    .optional()
    .describe('The program that made it; neither where the operator did, at the command line'),
  allows: z
    .object({
      grant_types: z.array(z.string()),
      scope: z.string(),
      apis: z.record(z.string(), z.array(z.string())),
      redirect_hosts: z.array(z.string()).optional().describe('Any host where it is absent'),
    })
    .optional()
    .describe('What its policy allows today; absent while no such policy is declared: then nothing registers with it'),
})
/** An invitation as staff see it, without its token. Times in milliseconds since the epoch. */
export type InvitationShown = z.output<typeof shown>

/** As programs send it, or as a form does: what is no number is out of bounds. */
const count = z.union([z.number(), z.string().max(20)]).transform(typed => Number(typed) || 0)
const which = { invitation: z.string().max(100).describe('Its id') }

/** What staff do with invitations to register an app (RFC 7591, 3). */
export function invitationOperations({ registration, ...services }: Services) {
  const { clients } = services
  const keeper = invitationKeeper(services)
  const within = appLimit(services)
  const view = ({ expiresAt: _, ...found }: Invitation): InvitationShown => {
    const policy = clients.declared().policies.get(found.policy)
    const { grant_types = [], scope = '', apis = {}, redirect_hosts } = policy ?? {}
    const allows = policy && { grant_types: [...grant_types], scope, apis, redirect_hosts }
    return { ...found, state: keeper.stateOf({ expiresAt: 0, ...found }), allows }
  }
  return {
    list: operation({
      id: 'invitations.list',
      means:
        'Lists the invitations to register an app, those that are valid longest first; what became of one is shown for 30 days after it expired.',
      scope: 'admin:apps.read',
      at: 'GET /invitations',
      args: z.object({ cursor: z.string().max(100).optional() }),
      result: z.object({
        registration: z
          .enum(registrations)
          .describe('off: nobody registers an app; token: with an invitation; open: everybody'),
        invitations: z.array(shown),
        next: z.string().optional(),
      }),
      run: async ({ cursor }) => {
        const { page, next } = await keeper.list(cursor)
        return { registration, invitations: page.map(view), next }
      },
    }),
    get: operation({
      id: 'invitations.get',
      means: 'Shows one invitation to register an app.',
      scope: 'admin:apps.read',
      at: 'GET /invitations/{invitation}',
      args: z.object(which),
      result: shown,
      run: async ({ invitation }) => {
        const found = await keeper.get(invitation)
        if (!found) throw new Problem('not_found')
        return view(found)
      },
    }),
    create: operation({
      id: 'invitations.create',
      means: 'Invites apps to register under a policy; the token for it is in this answer only.',
      scope: 'admin:apps.write',
      at: 'POST /invitations',
      args: z.object({
        policy: z.string().max(64).default(usualInvitation.policy),
        uses: count
          .default(usualInvitation.uses)
          .describe(`How many apps may register with it: 1 to ${invitationBounds.uses}`),
        days: count.default(usualInvitation.days).describe(`For how long it is valid: 1 to ${invitationBounds.days}`),
        ...forReason,
      }),
      result: z.object({ invitation: shown, token: z.string().describe('Shown this once') }),
      event: 'client.invited',
      run: async ({ reason, ...wish }, by) => {
        const made = await keeper.create(wish, recordOf(by, reason), by.origin, await within(by))
        return { invitation: view(made.invitation), token: made.bearer }
      },
    }),
    revoke: operation({
      id: 'invitations.revoke',
      means: 'Revokes an open invitation: nothing registers with it any more. Apps that did stay.',
      scope: 'admin:apps.write',
      at: 'POST /invitations/{invitation}/revoke',
      args: z.object({ ...which, ...forReason }),
      result: shown,
      event: 'invitation.revoked',
      run: async ({ invitation, reason }, by) => view(await keeper.revoke(invitation, recordOf(by, reason), by.origin)),
    }),
  }
}
