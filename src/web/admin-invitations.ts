import type { Context } from 'koa'
import { type InvitationShown, usualInvitation } from '../admin/invitation-operations.ts'
import { Problem } from '../errors.ts'
import { field, queryField } from './forms.ts'
import type { Services } from './services.ts'
import { desk, frame, type Member, reasonOf } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    /** A part of the list of invitations; where the `rest` is. `registration`: who may register apps. */
    'admin/invitations': {
      invitations: readonly Listed[]
      registration: 'off' | 'token' | 'open'
      first: boolean
      rest: string | undefined
      changes: boolean
      back: string
    }
    /** Posts `policy`, `uses`, `days` and `reason` to `action`. */
    'admin/invitation-form': { action: string; back: string; policies: readonly string[]; typed: Typed }
    /** Shows the token of an invitation this once. */
    'admin/invitation-token': { token: string; policy: string; uses: number; until: number; back: string }
  }
}

/** An invitation, and who made it: an email address or the name of a program. */
type Listed = InvitationShown & { by: string | undefined }

interface Typed {
  policy: string
  uses: string
  days: string
  reason: string
}

const home = '/admin/invitations'
/** Returns a function that resolves to the email address or the program name of who made an invitation; undefined for the operator. */
const namedFor =
  ({ accounts, appName }: Pick<Services, 'accounts' | 'appName'>) =>
  async ({ staff, client }: InvitationShown): Promise<string | undefined> =>
    staff !== undefined ? ((await accounts.get(staff))?.email ?? staff) : client && ((await appName(client)) ?? client)

export type InvitedBy = Partial<Awaited<ReturnType<ReturnType<typeof invitedFor>>>>

/** Returns a function that resolves to who made the invitation of an app, and when; to nothing once it is not listed any more. */
export function invitedFor(services: Pick<Services, 'accounts' | 'appName' | 'admin'>) {
  const { admin } = services
  const named = namedFor(services)
  return async (invitation: string, by: Member) => {
    try {
      const found = await admin.perform(admin.invitations.get, { invitation }, by)
      return { madeAt: found.madeAt, staff: found.staff, by: await named(found) }
    } catch (fault) {
      if (fault instanceof Problem && fault.code === 'not_found') return {}
      throw fault
    }
  }
}

const changesThem = 'admin:apps.write'

/** Serves the pages where staff see, make and revoke invitations to register an app. */
export function adminInvitations(services: Services): void {
  const { admin, show } = services
  const named = namedFor(services)
  const { page, asks, asksFirst, member, performs } = desk(services)

  page(home, 'admin:apps.read', async (ctx, by) => {
    const cursor = queryField(ctx, 'after', 100)
    const { invitations, registration, next } = await admin.perform(
      admin.invitations.list,
      cursor === undefined ? {} : { cursor },
      by,
    )
    const listed = await Promise.all(invitations.map(async each => ({ ...each, by: await named(each) })))
    const rest = next === undefined ? undefined : `?${new URLSearchParams({ after: next })}`
    const locals = { invitations: listed, registration, first: cursor === undefined, rest, back: '/admin/apps' }
    show.page(ctx, 'admin/invitations', { ...locals, changes: by.scopes.has(changesThem) }, frame(by))
  })

  const create = asks('/admin/new-invitation', changesThem, async (ctx, by, problem) => {
    const usual = { ...usualInvitation, uses: String(usualInvitation.uses), days: String(usualInvitation.days) }
    const typed = problem ? typedIn(ctx) : { ...usual, reason: '' }
    const { policies } = await admin.perform(admin.policies.list, {}, by)
    const names = policies.filter(({ kind }) => kind === 'registration').map(({ name }) => name)
    const locals = { action: ctx.path, back: home, policies: names, typed }
    show.page(ctx, 'admin/invitation-form', locals, { ...frame(by), problem })
  })
  performs(
    '/admin/new-invitation',
    ctx => ({ operation: 'invitations.create', given: { ...typedIn(ctx) }, back: ctx.path }),
    create,
    async (ctx, person, made) => {
      const { token, invitation } = made as { token: string; invitation: InvitationShown }
      const { policy, uses, until } = invitation
      const locals = { token, policy, uses, until, back: home }
      show.page(ctx, 'admin/invitation-token', locals, frame(await member(ctx, person)))
    },
  )

  asksFirst(
    `${home}/:invitation/revoke`,
    changesThem,
    async (ctx, by) => {
      const found = await admin.perform(admin.invitations.get, { invitation: ctx.params.invitation ?? '' }, by)
      const button = show.say(ctx.state.locale, 'act.revoke')
      return { act: 'revoke-invitation', about: found.policy, back: home, fields: [], two: false, button }
    },
    ctx => {
      const given = { invitation: ctx.params.invitation ?? '', reason: reasonOf(ctx) }
      return { operation: 'invitations.revoke', given, next: home, back: ctx.path, done: 'revoke-invitation' }
    },
  )
}

const typedIn = (ctx: Context): Typed => ({
  policy: field(ctx, 'policy', 64),
  uses: field(ctx, 'uses', 20).trim(),
  days: field(ctx, 'days', 20).trim(),
  reason: reasonOf(ctx),
})
