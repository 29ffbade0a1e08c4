import type { Context } from 'koa'
import { Problem } from '../errors.ts'
import { choices, field } from './forms.ts'
import type { Services } from './services.ts'
import { desk, frame, type Member, reasonOf } from './staff-desk.ts'

declare module './pages.ts' {
  interface Pages {
    /** Asks for the `value` of an attribute, or for `roles` in an app, and why: one of `options`, where there are any; of roles, as many. */
    'admin/attribute': {
      email: string
      action: string
      back: string
      of: 'value' | 'roles'
      options: readonly string[]
      number: boolean
      chosen: readonly string[]
      typed: string
    }
  }
}

const scope = 'admin:people.claims'
const longest = 200

/** Serves the pages where staff say of a person what apps are told. */
export function adminAttributes(services: Services): void {
  const { admin, show } = services
  const { asks, posts } = desk(services)

  const shown = async (ctx: Context, by: Member) => {
    const { account = '' } = ctx.params
    const person = await admin.perform(admin.people.get, { account }, by)
    const { attributes, apps } = await admin.perform(admin.attributes.list, {}, by)
    const locals = { email: person.email, action: ctx.path, back: `/admin/people/${account}` }
    return { person, attributes, apps, locals }
  }
  const titled = (ctx: Context, by: Member, name: string, problem: Problem | undefined) => ({
    ...{ ...frame(by), problem },
    title: show.say(ctx.state.locale, 'admin.apps.change', { app: name }),
  })

  const ofValue = asks('/admin/people/:account/attributes/:attribute', scope, async (ctx, by, problem) => {
    const { person, attributes, locals } = await shown(ctx, by)
    const declared = attributes.find(({ attribute }) => attribute === ctx.params.attribute)
    if (!declared) throw new Problem('not_found')
    const { attribute: name, type, values = type === 'boolean' ? ['true', 'false'] : [] } = declared
    const held = Object.hasOwn(person.attributes, name) ? String(person.attributes[name]) : ''
    const chosen = [problem ? field(ctx, 'value', longest) : held]
    const typed = problem ? reasonOf(ctx) : ''
    const asked = { of: 'value' as const, options: values, number: type === 'integer', chosen, typed }
    show.page(ctx, 'admin/attribute', { ...locals, ...asked }, titled(ctx, by, name, problem))
  })
  posts(
    '/admin/people/:account/attributes/:attribute',
    ctx => {
      const { account = '', attribute = '' } = ctx.params
      const value = field(ctx, 'value', longest).trim()
      return {
        ...{ operation: 'attributes.set', next: `/admin/people/${account}`, back: ctx.path, done: 'attribute' },
        given: { account, attribute, value: value === '' ? null : value, reason: reasonOf(ctx) },
      }
    },
    ofValue,
  )

  const ofRoles = asks('/admin/people/:account/app-roles/:app', scope, async (ctx, by, problem) => {
    const { person, apps, locals } = await shown(ctx, by)
    const app = apps.find(each => each.app === ctx.params.app)
    if (!app || app.roles.length === 0) throw new Problem('not_found')
    const held = Object.hasOwn(person.appRoles, app.app) ? (person.appRoles[app.app] ?? []) : []
    const chosen = problem ? choices(ctx, 'roles', 40) : held
    const asked = { of: 'roles' as const, options: app.roles, number: false, chosen }
    const typed = problem ? reasonOf(ctx) : ''
    show.page(ctx, 'admin/attribute', { ...locals, ...asked, typed }, titled(ctx, by, app.name, problem))
  })
  posts(
    '/admin/people/:account/app-roles/:app',
    ctx => {
      const { account = '', app = '' } = ctx.params
      const given = { account, app, roles: choices(ctx, 'roles', 40), reason: reasonOf(ctx) }
      const next = `/admin/people/${account}`
      return { operation: 'app-roles.set', given, next, back: ctx.path, done: 'attribute' }
    },
    ofRoles,
  )
}
