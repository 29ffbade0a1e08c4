import type { Context } from 'koa'
import type { Account } from '../accounts/account.ts'
import type { AdminScope } from '../accounts/role.ts'
import { decides, roleNames, takenByTwo } from '../accounts/role.ts'
import { Problem } from '../errors.ts'
import { emailAddress, phoneCountry, phoneNumber } from '../factors/contacts.ts'
import { callingCodes } from './calling-codes.ts'
import { field, queryField } from './forms.ts'
import type { Pages } from './pages.ts'
import type { Services } from './services.ts'
import { desk, frame, reasonOf } from './staff-desk.ts'
import type { SignedIn } from './visit.ts'

declare module './pages.ts' {
  interface Pages {
    /** What waits for a second one of the staff. */
    'admin/proposals': { proposals: readonly ProposalLine[] }
    /** Posts `reason` to `<base>/confirm` or `<base>/decline`. */
    'admin/proposal': ProposalLine & {
      base: string
      /** Why the one who looks may not confirm it. */
      bars: 'own_case' | 'second_needed' | 'not_permitted' | undefined
      /** The address or number that it changes the person's to, by the phrase `admin.act.<name>`. */
      becomes: { name: 'email' | 'phone'; value: string } | undefined
      /** The role that it gives or takes. */
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

/** Returns what a proposal changes an address or number to, as it will be kept. */
function becoming({ email, phone, country }: Record<string, unknown>): Pages['admin/proposal']['becomes'] {
  if (typeof email === 'string') return { name: 'email', value: emailAddress(email) ?? email }
  if (typeof phone !== 'string') return undefined
  return { name: 'phone', value: phoneNumber(phone, typeof country === 'string' ? country : undefined) ?? phone }
}

/** Answers with a copy of a person's data, as a file. */
function downloaded(ctx: Context, _: SignedIn, out: unknown): void {
  ctx.attachment('latchkey-person.json')
  ctx.type = 'json'
  ctx.body = JSON.stringify((out as { copy: unknown }).copy, undefined, 1)
}

/** Serves the pages that ask before something is done to a person, and those where a second one of the staff confirms it. */
export function adminActs(services: Services): void {
  const { admin, accounts, credentials, factors, places, show } = services
  const { page, asks, asksFirst, posts } = desk(services)
  /** Tells whether somebody takes a role from a colleague that only two of the staff take away. */
  const takesTwo = (role: string, account: string, by: Account): boolean =>
    account !== by.id && roleNames.some(each => each === role && takenByTwo(each))

  const known = async (account: string): Promise<Account> => {
    const found = await accounts.get(account)
    if (!found) throw new Problem('not_found')
    return found
  }
  const emailOf = async (account: string): Promise<string> => (await known(account)).email
  /** Returns the countries that a number can be of. It begins with that of the number before: where the staff are says nothing of the person. */
  const dialled = (ctx: Context, { phone }: Account) => {
    const factor = factors.find(({ channel }) => channel === 'sms')
    return factor && callingCodes(ctx, factor, places, phone && phoneCountry(phone))
  }

  for (const operation of admin.list) {
    const act = operation.id.slice('people.'.length)
    // What needs no reason is done on the page of the person.
    if (operation.at !== `POST /people/{account}/${act}`) continue
    const two = operation.confirmed !== undefined
    const { shape } = operation.args
    /** What else it takes: what a link names, and what is typed. */
    const named = 'credential' in shape ? ['credential'] : []
    const asked = ['contact', 'email', 'phone'].filter(name => name in shape)
    const typedNames = [...named, ...asked, ...('country' in shape ? ['country'] : [])]
    const optional = (name: string) => shape[name]?.safeParse(undefined).success === true
    const home = ({ params }: Context) => `/admin/people/${params.account ?? ''}`
    asksFirst(
      `/admin/people/:account/${act}`,
      operation.scope,
      async ctx => {
        const typed = (name: string) =>
          (ctx.method === 'GET' ? queryField(ctx, name, 320) : field(ctx, name, 320)) ?? ''
        const account = await known(ctx.params.account ?? '')
        return {
          ...{ act, two, about: account.email, back: home(ctx) },
          ...('country' in shape && { dialled: dialled(ctx, account), country: typed('country') || undefined }),
          fields: named.map(name => [name, typed(name)] as const),
          asks: asked.map(name => ({ name, value: typed(name), optional: optional(name) })),
        }
      },
      ctx => {
        const typed = typedNames.map(name => [name, field(ctx, name, 320)] as [string, string])
        const more = typed.filter(([name, value]) => value !== '' || !optional(name))
        const query = more.length > 0 ? `?${new URLSearchParams(more)}` : ''
        return {
          operation: operation.id,
          given: { account: ctx.params.account ?? '', reason: reasonOf(ctx), ...Object.fromEntries(more) },
          next: home(ctx),
          done: two ? 'proposed' : act,
          back: `${ctx.path}${query}`,
        }
      },
      act === 'export' ? downloaded : undefined,
    )
  }

  page('/admin/proposals', 'admin:people.read', async (ctx, by) => {
    const { proposals } = await admin.perform(admin.proposals.list, {}, by)
    show.page(ctx, 'admin/proposals', { proposals }, frame(by))
  })

  const one = asks('/admin/proposals/:proposal', 'admin:people.read', async (ctx, by, problem) => {
    const { proposal = '' } = ctx.params
    const found = await admin.perform(admin.proposals.get, { proposal }, by)
    const bars = !['admin:people.loosen' as const, admin.named(found.operation).scope].every(each =>
      by.scopes.has(each),
    )
      ? ('not_permitted' as const)
      : found.by === by.staff.email
        ? ('second_needed' as const)
        : found.account === by.staff.id
          ? ('own_case' as const)
          : undefined
    const removes = (await credentials.of(found.account)).find(({ id }) => id === found.args.credential)
    const base = `/admin/proposals/${proposal}`
    const role = roleNames.find(each => each === found.args.role)
    const becomes = becoming(found.args)
    const locals = { ...found, base, bars, removes, role, becomes, typed: problem ? reasonOf(ctx) : '' }
    show.page(ctx, 'admin/proposal', locals, { ...frame(by), problem })
  })
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
  const listed = page('/admin/roles', 'admin:roles.read', async (ctx, by, problem) => {
    const { staff } = await admin.perform(admin.roles.list, {}, by)
    const typed = { email: field(ctx, 'email', 320), role: field(ctx, 'role', 20), reason: reasonOf(ctx) }
    const locals = { members: staff, roles: roleNames, changes: by.scopes.has(changesRoles), typed }
    show.page(ctx, 'admin/roles', locals, { ...frame(by), problem })
  })
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

  asksFirst(
    '/admin/roles/:account/:role',
    changesRoles,
    async (ctx, by) => {
      const { account = '' } = ctx.params
      const role = roleNames.find(each => each === ctx.params.role)
      if (role === undefined) throw new Problem('not_found')
      const say = (key: string, values?: Record<string, string>) => show.say(ctx.state.locale, key, values)
      const title = say('admin.act.take.role', { role: say(`admin.role.${role}`) })
      const two = takesTwo(role, account, by.staff)
      return { act: 'take', title, about: await emailOf(account), back: '/admin/roles', fields: [], two }
    },
    (ctx, person) => {
      const { account = '', role = '' } = ctx.params
      const given = { account, role, reason: reasonOf(ctx) }
      const done = takesTwo(role, account, person.account) ? 'proposed' : 'take'
      return { operation: 'roles.take', given, next: '/admin/roles', back: ctx.path, done }
    },
  )
}
