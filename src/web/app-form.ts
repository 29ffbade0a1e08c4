import type { Context } from 'koa'
import type { AppShown } from '../admin/app-operations.ts'
import { type AppWishes, appWishes, idFrom, type Template, templateNames } from '../clients/app-templates.ts'
import { places } from '../clients/attributes.ts'
import { Problem } from '../errors.ts'
import { choices, field } from './forms.ts'
import { reasonOf } from './staff-desk.ts'

/** The details of an app, as they are typed. */
export type Typed = ReturnType<typeof typedIn>

/** Of addresses, roles and claims, one a line. */
const longest = 20_000
const lines = (text: string): string[] => text.split(/\s+/).filter(Boolean)

/** Returns what was typed into the form of an app. */
export function typedIn(ctx: Context) {
  return {
    template: field(ctx, 'template', 20),
    client_id: field(ctx, 'client_id', 64).trim(),
    client_name: field(ctx, 'client_name', 200),
    redirect_uris: field(ctx, 'redirect_uris', longest),
    post_logout_redirect_uris: field(ctx, 'post_logout_redirect_uris', longest),
    backchannel_logout_uri: field(ctx, 'backchannel_logout_uri', 2_000).trim(),
    /** A resource and a scope each, separated by a space. */
    apis: choices(ctx, 'apis', 2_200) as readonly string[],
    roles: field(ctx, 'roles', longest),
    /** A line for each: the claim, `=`, the attribute, and where it is told after `in`. */
    claims: field(ctx, 'claims', longest),
    reason: reasonOf(ctx),
  }
}

/** Returns what the form shows of an app; of a new one, nothing. */
export function typedOf(app: AppShown | undefined): Typed {
  return {
    template: app?.template ?? ('web' satisfies Template),
    client_id: app?.client_id ?? '',
    client_name: app?.client_name ?? '',
    redirect_uris: (app?.redirect_uris ?? []).join('\n'),
    post_logout_redirect_uris: (app?.post_logout_redirect_uris ?? []).join('\n'),
    backchannel_logout_uri: app?.backchannel_logout_uri ?? '',
    apis: Object.entries(app?.apis ?? {}).flatMap(([resource, scopes]) => scopes.map(scope => `${resource} ${scope}`)),
    roles: (app?.roles ?? []).join('\n'),
    claims: claimLines(app?.claims ?? {}).join('\n'),
    reason: '',
  }
}

/** Returns the details of an app as operations take them. */
export function wishesIn(ctx: Context) {
  const { client_name, backchannel_logout_uri: logout, apis, ...typed } = typedIn(ctx)
  const parts = apis.map(each => {
    const at = Math.max(each.lastIndexOf(' '), 0)
    return { resource: each.slice(0, at), scope: each.slice(at + 1) }
  })
  const asked = [...Map.groupBy(parts, each => each.resource)]
  return {
    client_name,
    apis: Object.fromEntries(asked.map(([resource, scopes]) => [resource, scopes.map(each => each.scope)])),
    roles: lines(typed.roles),
    claims: claimsIn(typed.claims),
    redirect_uris: lines(typed.redirect_uris),
    post_logout_redirect_uris: lines(typed.post_logout_redirect_uris),
    ...(logout !== '' && { backchannel_logout_uri: logout }),
  }
}

/** Returns what was typed so far of an app of this kind, to be checked. Throws `malformed`. */
export function checkedWishes(ctx: Context, template: string, id: string): [Template, string, AppWishes] {
  const { data } = appWishes.safeParse(wishesIn(ctx))
  const kind = templateNames.find(each => each === template)
  if (!data || !kind) throw new Problem('malformed')
  return [kind, id || idFrom(data.client_name), data]
}

/** Spells claims out as they are typed, a line each: without where they are told, if that is everywhere. */
export function claimLines(claims: AppShown['claims']): string[] {
  return Object.entries(claims).map(([name, { from, in: told }]) => {
    const limited = places.every(each => told.includes(each)) ? '' : ` in ${told.join(' ')}`
    return `${name} = ${from}${limited}`
  })
}

/** Reads such lines; one without `=` is a claim by the name of the attribute. A claim from two attributes is from none that is declared. */
function claimsIn(text: string): AppWishes['claims'] {
  const read = text.split('\n').flatMap(line => {
    const [, named, said = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(line.trim()) ?? []
    const [from = '', word, ...told] = said.trim().split(/[\s,]+/)
    const limit = word === undefined ? {} : { in: word === 'in' ? told : [word] }
    return line.trim() === '' ? [] : [{ name: named?.trim() ?? from, from, ...limit }]
  })
  const claims = [...Map.groupBy(read, each => each.name)].map(([name, [first, ...others]]) => {
    const from = [...new Set([first, ...others].map(each => each?.from))].join(', ')
    return [name.slice(0, 200), { from: from.slice(0, 200), ...(first?.in && { in: first.in }) }] as const
  })
  return Object.fromEntries(claims)
}
