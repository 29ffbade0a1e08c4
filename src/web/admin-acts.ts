import type { Context } from 'koa'
import type { AdminScope } from '../accounts/role.ts'
import { decides, roleNames } from '../accounts/role.ts'
import { Problem } from '../errors.ts'
import { field, queryField } from './forms.ts'
import type { Services } from './services.ts'
import { desk } from './staff-desk.ts'
import type { SignedIn } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** Asks before something is done to a person: posts `reason` and `fields` to `action`. `two`: it is only proposed. */
    'admin/act': {
      act: string
      email: string
      action: string
      back: string
      fields: readonly (readonly [name: string, value: string])[]
      two: boolean
      typed: string
    }
    /** What waits for a second one of the staff. */
    'admin/proposals': { proposals: readonly ProposalLine[] }
    /** Posts `reason` to `<base>/confirm` or `<base>/decline`. */
    'admin/proposal': ProposalLine & {
      base: string
      /** Why the one who looks may not confirm it. */
      bars: 'own_case' | 'second_needed' | 'not_permitted' | undefined
      /** The role that it gives. */
      role: string | undefined
      /** The credential that it removes, where it still is there. */
      removes: { factor: string; label?: string | undefined; createdAt: number } | undefined
      typed: string
    }
    /** Posts `email`, `role` and `reason` to `/admin/roles/give`. */
    'admin/roles': {
      members: readonly { account: string; email: string; role: string; since: number }[]
      roles: readonly string[]
      changes: boolean
      typed: { email: string; role: string; reason: string }
    }
  }
}

interface ProposalLine {
  proposal: string
  account: string
  email: string
  operation: string
  by: string
  reason: string
  at: number
  expiresAt: number
}

const reasonOf = (ctx: Context) => field(ctx, 'reason', 500)

/** Serves the pages that ask before something is done to a person, and those where a second one of the staff confirms it. */
export function adminActs(services: Services): void {
  const { admin, accounts, credentials, show } = services
  const { page, asks, posts, frame, operator } = desk(services)

  const addressOf = async (account: string): Promise<string> => {
    const found = await accounts.get(account)
    if (!found) throw new Problem('not_found')
    return found.email
  }

  for (const operation of admin.list.filter(({ at }) => /^POST \/people\/\{account\}\/[a-z-]+$/.test(at))) {
    const act = operation.id.slice('people.'.length)
    if (act === 'note') continue
    const path = `/admin/people/:account/${act}`
    const two = operation.confirmed !== undefined
    const ask = async (ctx: Context, person: SignedIn, problem?: Problem): Promise<void> => {
      const { account = '' } = ctx.params
      const credential = ctx.method === 'GET' ? queryField(ctx, 'credential', 100) : field(ctx, 'credential', 100)
      const locals = {
        ...{ act, two, email: await addressOf(account), action: ctx.path, back: `/admin/people/${account}` },
        fields: 'credential' in operation.args.shape ? [['credential', credential ?? ''] as const] : [],
        typed: problem ? reasonOf(ctx) : '',
      }
      const title = show.say(ctx.state.locale, `admin.act.${act}`)
      show.page(ctx, 'admin/act', locals, { ...(await frame(person)), title, problem })
    }
    asks(path, operation.scope, ask)
    posts(
      path,
      ctx => {
        const { account = '' } = ctx.params
        const credential = field(ctx, 'credential', 100)
        const back = `/admin/people/${account}`
        return {
          operation: operation.id,
          given: { account, reason: reasonOf(ctx), ...(credential !== '' && { credential }) },
          next: back,
          done: two ? 'proposed' : act,
          back: credential === '' ? ctx.path : `${ctx.path}?${new URLSearchParams({ credential })}`,
        }
      },
      ask,
    )
  }

  page('/admin/proposals', 'admin:people.read', async (ctx, person) => {
    const { proposals } = await admin.perform(admin.proposals.list, {}, await operator(ctx, person))
    show.page(ctx, 'admin/proposals', { proposals }, await frame(person))
  })

  const one = async (ctx: Context, person: SignedIn, problem?: Problem): Promise<void> => {
    const { proposal = '' } = ctx.params
    const by = await operator(ctx, person)
    const found = await admin.perform(admin.proposals.get, { proposal }, by)
    const bars = !['admin:people.loosen' as const, admin.named(found.operation).scope].every(each =>
      by.scopes.has(each),
    )
      ? ('not_permitted' as const)
      : found.by === person.account.email
        ? ('second_needed' as const)
        : found.account === person.account.id
          ? ('own_case' as const)
          : undefined
    const removes = (await credentials.of(found.account)).find(({ id }) => id === found.args.credential)
    const base = `/admin/proposals/${proposal}`
    const role = roleNames.find(each => each === found.args.role)
    const locals = { ...found, base, bars, removes, role, typed: problem ? reasonOf(ctx) : '' }
    show.page(ctx, 'admin/proposal', locals, { ...(await frame(person)), problem })
  }
  asks('/admin/proposals/:proposal', 'admin:people.read', one)
  for (const verdict of ['confirm', 'decline'])
    posts(
      `/admin/proposals/:proposal/${verdict}`,
      ctx => {
        const { proposal = '' } = ctx.params
        const given = { proposal, reason: reasonOf(ctx) }
        const next = '/admin/proposals'
        return { operation: `proposals.${verdict}`, given, next, back: `/admin/proposals/${proposal}`, done: verdict }
      },
      one,
    )

  const changesRoles: AdminScope = 'admin:roles.write'
  const listed = async (ctx: Context, person: SignedIn, problem?: Problem): Promise<void> => {
    const by = await operator(ctx, person)
    const { staff } = await admin.perform(admin.roles.list, {}, by)
    const typed = { email: field(ctx, 'email', 320), role: field(ctx, 'role', 20), reason: reasonOf(ctx) }
    const locals = { members: staff, roles: roleNames, changes: by.scopes.has(changesRoles), typed }
    show.page(ctx, 'admin/roles', locals, { ...(await frame(person)), problem })
  }
  page('/admin/roles', 'admin:roles.read', listed)
  posts(
    '/admin/roles/give',
    async ctx => {
      const found = await accounts.byEmail(field(ctx, 'email', 320).trim().toLowerCase())
      const role = field(ctx, 'role', 20)
      const given = { account: found?.id ?? '', role, reason: reasonOf(ctx) }
      const done = roleNames.some(each => each === role && decides(each)) ? 'proposed' : 'give'
      return { operation: 'roles.give', given, next: '/admin/roles', back: '/admin/roles', done }
    },
    listed,
  )

  const take = async (ctx: Context, person: SignedIn, problem?: Problem): Promise<void> => {
    const { account = '', role = '' } = ctx.params
    const locals = {
      ...{ act: 'take', two: false, email: await addressOf(account), action: ctx.path, back: '/admin/roles' },
      fields: [],
      typed: problem ? reasonOf(ctx) : '',
    }
    const title = show.say(ctx.state.locale, 'admin.act.take', {
      role: show.say(ctx.state.locale, `admin.role.${role}`),
    })
    show.page(ctx, 'admin/act', locals, { ...(await frame(person)), title, problem })
  }
  asks('/admin/roles/:account/:role', changesRoles, take)
  posts(
    '/admin/roles/:account/:role',
    ctx => {
      const { account = '', role = '' } = ctx.params
      const given = { account, role, reason: reasonOf(ctx) }
      return { operation: 'roles.take', given, next: '/admin/roles', back: ctx.path, done: 'take' }
    },
    take,
  )
}
