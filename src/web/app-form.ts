import type { Context } from 'koa'
import type { AppShown } from '../admin/app-operations.ts'
import {
  type AppField,
  type AppWishes,
  appFieldNames,
  appFields,
  appLines,
  appTyped,
  appWishes,
} from '../clients/app-fields.ts'
import { idFrom, type Template, templateNames } from '../clients/app-templates.ts'
import { Problem } from '../errors.ts'
import { choices, field } from './forms.ts'
import { reasonOf } from './staff-desk.ts'

/** The details of an app, as they are typed. */
export type Typed = ReturnType<typeof typedIn>

/** Returns what was typed into the form of an app: a text of lines for each field, but its APIs, a resource and a scope each, separated by a space. */
export function typedIn(ctx: Context) {
  const texts = appFieldNames.map(name => [name, field(ctx, name, appFields[name].longest)])
  return {
    ...(Object.fromEntries(texts) as Record<AppField, string>),
    template: field(ctx, 'template', 20),
    client_id: field(ctx, 'client_id', 64).trim(),
    apis: choices(ctx, 'apis', appFields.apis.longest) as readonly string[],
    reason: reasonOf(ctx),
  }
}

/** Returns what the form shows of an app; of a new one, nothing. */
export function typedOf(app: AppShown | undefined): Typed {
  const lines = appLines(app)
  const texts = appFieldNames.map(name => [name, lines[name].join('\n')])
  return {
    ...(Object.fromEntries(texts) as Record<AppField, string>),
    template: app?.template ?? ('web' satisfies Template),
    client_id: app?.client_id ?? '',
    apis: lines.apis,
    reason: '',
  }
}

/** Returns the details of an app as operations take them. */
export function wishesIn(ctx: Context): Record<string, unknown> {
  const typed = typedIn(ctx)
  return appTyped(
    Object.fromEntries(appFieldNames.map(name => [name, [typed[name]].flat().flatMap(each => each.split('\n'))])),
  )
}

/** Returns what was typed so far of an app of this kind, to be checked. Throws `malformed`. */
export function checkedWishes(ctx: Context, template: string, id: string): [Template, string, AppWishes] {
  const { data } = appWishes.safeParse(wishesIn(ctx))
  const kind = templateNames.find(each => each === template)
  if (!data || !kind) throw new Problem('malformed')
  return [kind, id || idFrom(data.client_name), data]
}
