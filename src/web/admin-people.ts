import type { Context } from 'koa'
import type { Found } from '../admin/people-search.ts'
import type { Person } from '../admin/person.ts'
import { type Happened, wording } from './activity-words.ts'
import { field, queryField } from './forms.ts'
import type { Services } from './services.ts'
import { desk, frame } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    /** A search by GET with `query`; `rest` is the query of the next page. */
    'admin/people': { query: string; people: readonly Found[]; rest: string | undefined; first: boolean }
    /** Posts `text` to `<base>/note`; each of `acts` has its page at `<base>/<act>`. */
    'admin/person': {
      base: string
      one: Person
      sessions: readonly (Person['sessions'][number] & { device: string; place: string })[]
      devices: readonly (Person['devices'][number] & { device: string })[]
      messages: readonly { kind: string; channel: string; state: string; at: number }[]
      notes: readonly { by?: string | undefined; text: string; at: number }[]
      proposals: readonly { proposal: string; operation: string; by: string; at: number }[]
      activity: readonly Happened[]
      acts: readonly string[]
      writes: boolean
      /** What apps can be told of the person; `says`: the one who looks may change it, at `<base>/attributes/<name>` and `<base>/app-roles/<app>`. */
      attributes: readonly { name: string; value: string | undefined; declared: boolean }[]
      appRoles: readonly { app: string; name: string; roles: readonly string[] }[]
      says: boolean
      /** The note as typed. */
      typed: string
    }
  }
}

/** Entries of a person's activity that are shown with them; the audit log has all. */
const lately = 20

/** What can be done to a person, by what it is called in addresses, and when it makes sense. */
const acts: Readonly<Record<string, (one: Person, now: number) => boolean>> = {
  'end-sessions': ({ sessions }) => sessions.some(({ live }) => live),
  lock: ({ lockedAt }) => lockedAt === undefined,
  unlock: ({ lockedAt }) => lockedAt !== undefined,
  'require-password': ({ factors }) => factors.some(({ factor }) => factor === 'password'),
  compromise: () => true,
  'change-address': ({ status }) => status === 'active',
  'change-number': ({ status, factors }) => status === 'active' && factors.some(({ factor }) => factor === 'sms'),
  'lift-hold': ({ holdUntil = 0 }, now) => holdUntil > now,
  'start-recovery': ({ status, lockedAt }) => status === 'active' && lockedAt === undefined,
  export: ({ status }) => status !== 'closed',
  restore: ({ status }) => status === 'closing',
  close: ({ status }) => status === 'active',
}

/** Serves the pages where staff find people and look at one of them. */
export function adminPeople(services: Services): void {
  const { admin, activity, show, words, now } = services
  const inWords = wording(services)
  const { page, posts } = desk(services)

  page('/admin/people', 'admin:people.read', async (ctx, by) => {
    const query = queryField(ctx, 'query', 320) ?? ''
    const cursor = queryField(ctx, 'cursor', 100)
    const given = { query, ...(cursor !== undefined && { cursor }) }
    const { people, next } = await admin.perform(admin.people.search, given, by)
    const rest = next && `?${new URLSearchParams({ query, cursor: next })}`
    show.page(ctx, 'admin/people', { query, people, rest, first: cursor === undefined }, frame(by))
  })

  const noteOf = (ctx: Context) => field(ctx, 'text', 2_000)
  const one = page('/admin/people/:account', 'admin:people.read', async (ctx, by, problem) => {
    const { account = '' } = ctx.params
    const { locale } = ctx.state
    const found = await admin.perform(admin.people.get, { account }, by)
    const [{ messages }, { notes }, { proposals }, { entries }, { attributes, apps }] = await Promise.all([
      admin.perform(admin.people.messages, { account }, by),
      admin.perform(admin.people.notes, { account }, by),
      admin.perform(admin.proposals.list, { account }, by),
      activity.page(account, {}),
      admin.perform(admin.attributes.list, {}, by),
    ])
    const known = new Set(attributes.map(({ attribute }) => attribute))
    const held = found.attributes
    const may = (act: string) => by.scopes.has(admin.named(`people.${act}`).scope)
    const locals = {
      base: `/admin/people/${account}`,
      one: found,
      sessions: found.sessions.map(each => ({
        ...each,
        device: words.device(locale, each.agent),
        place: words.place(locale, each),
      })),
      devices: found.devices.map(each => ({ ...each, device: words.device(locale, each.agent) })),
      messages,
      notes,
      proposals,
      activity: await Promise.all(entries.slice(0, lately).map(each => inWords(ctx, each))),
      acts: account === by.staff.id ? [] : Object.keys(acts).filter(act => may(act) && acts[act]?.(found, now())),
      writes: may('note'),
      attributes: [...new Set([...known, ...Object.keys(held)])].map(name => {
        const value = Object.hasOwn(held, name) ? String(held[name]) : undefined
        return { name, value, declared: known.has(name) }
      }),
      appRoles: apps
        .filter(({ roles }) => roles.length > 0)
        .map(({ app, name }) => ({
          app,
          name,
          roles: (Object.hasOwn(found.appRoles, app) && found.appRoles[app]) || [],
        })),
      says: account !== by.staff.id && by.scopes.has('admin:people.claims'),
      typed: problem ? noteOf(ctx) : '',
    }
    show.page(ctx, 'admin/person', locals, { ...frame(by), title: found.email, problem })
  })

  posts(
    '/admin/people/:account/note',
    ctx => {
      const { account = '' } = ctx.params
      const back = `/admin/people/${account}`
      const given = { account, text: noteOf(ctx) }
      return { operation: 'people.note', given, next: back, back, done: 'note' }
    },
    one,
  )
}
