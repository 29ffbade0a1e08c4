import { z } from 'zod'
import { adminApi } from '../clients/apis.ts'
import { appWishes } from '../clients/app-fields.ts'
import { templateNames } from '../clients/app-templates.ts'
import { places } from '../clients/attributes.ts'
import { registrations } from '../clients/registrations.ts'
import type { Clients } from '../clients/registry.ts'
import { storedApps } from '../clients/stored-apps.ts'
import { Problem } from '../errors.ts'
import type { Emit } from '../events.ts'
import { type Figures, type Period, periods } from '../observers/figures.ts'
import type { Store } from '../store/collection.ts'
import { appKeeper, appSources, longestOverlap, usualOverlap } from './app-keeper.ts'
import { forReason, nothing, type Operator, operation, recordOf, time } from './operation.ts'

/** Apps of these sources are counted. */
const counted: readonly AppShown['source'][] = ['file', 'store']

interface Services extends Pick<Parameters<typeof appKeeper>[0], 'sealer' | 'issuer' | 'now'> {
  clients: Pick<Clients, 'declared' | 'app' | 'ours'>
  store: Store
  figures: Pick<Figures, 'ofApp'>
  emit: Emit
}

const names = Object.keys(periods) as [Period, ...Period[]]
const maybe = time.optional()
const which = { app: z.string().max(2_048).describe('The client id') }

const appShown = z.object({
  source: z
    .enum(appSources)
    .describe(
      'Where it is declared; only apps of the store can be changed, and those that registered disabled and removed',
    ),
  client_id: z.string(),
  client_name: z.string(),
  token_endpoint_auth_method: z.string().optional(),
  grant_types: z.array(z.string()),
  redirect_uris: z.array(z.string()),
  post_logout_redirect_uris: z.array(z.string()),
  backchannel_logout_uri: z.string().optional(),
  scope: z.string().optional(),
  first_party: z.boolean(),
  apis: z.record(z.string(), z.array(z.string())),
  roles: z.array(z.string()).describe('The roles that people can have in it'),
  claims: z
    .record(z.string(), z.object({ from: z.string(), in: z.array(z.enum(places)) }))
    .describe('What it is told of people, by the name of the claim'),
  access_token_ttl: z.number().describe('Seconds that its access tokens live'),
  default_acr_values: z
    .array(z.string())
    .optional()
    .describe('What people prove at least when they sign in, where its request asks for nothing'),
  template: z.enum(templateNames).optional(),
  createdAt: maybe,
  rotatedAt: maybe,
  disabledAt: maybe,
  formerUntil: maybe.describe('Until when the former secret is accepted'),
  policy: z.string().optional().describe('Under which policy it registered itself'),
  invitation: z.string().optional().describe('The id of the invitation that it registered with'),
})
/** An app as staff see it. Times in milliseconds since the epoch. */
export type AppShown = z.output<typeof appShown>

const withSecret = z.object({ app: appShown, secret: z.string().optional().describe('Shown this once') })

/**
 * Returns a check that throws `not_permitted` for an app that may do more at the admin API than the operator who makes it, changes it,
 * invites it or gets its secret; for a program, more at any API. Otherwise they could do it by the app.
 */
export const appLimit =
  ({ clients, issuer }: Pick<Services, 'clients' | 'issuer'>) =>
  async ({ scopes, staff, client = '' }: Operator) => {
    const { resource } = adminApi(issuer)
    const own = staff === undefined ? ((await clients.ours(client))?.apis ?? new Map()) : undefined
    return ({ apis = {} }: Readonly<Record<string, unknown>>): void => {
      for (const [api, asked] of Object.entries(apis as Record<string, string[]>)) {
        const may: ReadonlySet<string> | undefined =
          api === resource ? scopes : own && new Set<string>(own.get(api)?.scope.split(' '))
        if (may && !asked.every(each => may.has(each))) throw new Problem('not_permitted')
      }
    }
  }

/** What staff do with apps. */
export function appOperations({ store, figures, emit, ...services }: Services) {
  const keeper = appKeeper({ ...services, stored: storedApps(store), registrations: registrations(store) })
  const within = appLimit(services)
  const off = (what: 'disable' | 'enable') =>
    operation({
      id: `apps.${what}`,
      means:
        what === 'disable'
          ? 'Disables an app of the store, or one that registered itself: it gets no more tokens, and nobody can sign in to it.'
          : 'Enables an app that was disabled.',
      scope: 'admin:apps.write',
      at: `POST /apps/{app}/${what}`,
      args: z.object({ ...which, ...forReason }),
      result: appShown,
      event: what === 'disable' ? 'app.disabled' : 'app.enabled',
      run: async ({ app, reason }, by) => {
        const done = await keeper.disable(app, what === 'disable')
        await emit(what === 'disable' ? 'app.disabled' : 'app.enabled', { app, ...recordOf(by, reason) }, by.origin)
        return done
      },
    })

  return {
    list: operation({
      id: 'apps.list',
      means: 'Lists all apps: those of clients.json, then those of the store, then those that registered themselves.',
      scope: 'admin:apps.read',
      at: 'GET /apps',
      args: z.object({ cursor: z.string().max(2_100).optional() }),
      result: z.object({ apps: z.array(appShown), next: z.string().optional() }),
      run: ({ cursor }) => keeper.list(cursor),
    }),
    get: operation({
      id: 'apps.get',
      means: 'Shows one app, whatever its source.',
      scope: 'admin:apps.read',
      at: 'GET /apps/{app}',
      args: z.object(which),
      result: appShown,
      run: ({ app }) => keeper.one(app),
    }),
    usage: operation({
      id: 'apps.usage',
      means: 'Counts the sign-ins to an app of clients.json or of the store, and the tokens that it was given.',
      scope: 'admin:apps.read',
      at: 'GET /apps/{app}/usage',
      args: z.object(which),
      result: z.object({
        usage: z.array(z.object({ period: z.enum(names), signIns: z.number(), tokens: z.number() })),
      }),
      run: async ({ app }) => {
        const { source, client_id: id } = await keeper.one(app)
        if (!counted.includes(source)) return { usage: [] }
        return {
          usage: await Promise.all(names.map(async period => ({ period, ...(await figures.ofApp(id, period)) }))),
        }
      },
    }),
    create: operation({
      id: 'apps.create',
      means: 'Creates an app in the store from a template; its secret, if it has one, is in this answer only.',
      scope: 'admin:apps.write',
      at: 'POST /apps',
      args: z.object({
        template: z.enum(templateNames),
        client_id: z.string().max(64).optional().describe('Made from the name if absent'),
        ...appWishes.shape,
        ...forReason,
      }),
      result: withSecret,
      event: 'app.created',
      run: async ({ template, client_id, reason, ...wishes }, by) => {
        const made = await keeper.create(template, client_id, wishes, await within(by))
        await emit('app.created', { app: made.app.client_id, template, ...recordOf(by, reason) }, by.origin)
        return made
      },
    }),
    change: operation({
      id: 'apps.change',
      means: 'Replaces the details of an app of the store.',
      scope: 'admin:apps.write',
      at: 'POST /apps/{app}',
      args: z.object({ ...which, ...appWishes.shape, ...forReason }),
      result: appShown,
      event: 'app.changed',
      run: async ({ app, reason, ...wishes }, by) => {
        const changed = await keeper.change(app, wishes, await within(by))
        await emit('app.changed', { app, ...recordOf(by, reason) }, by.origin)
        return changed
      },
    }),
    rotate: operation({
      id: 'apps.rotate',
      means:
        'Gives an app of the store a new secret, in this answer only; the former one is accepted for some hours more.',
      scope: 'admin:apps.write',
      at: 'POST /apps/{app}/rotate',
      args: z.object({
        ...which,
        hours: z.coerce
          .number()
          .int()
          .min(0)
          .max(longestOverlap)
          .default(usualOverlap)
          .describe('How long the former secret is accepted; 0 if it has leaked'),
        ...forReason,
      }),
      result: withSecret,
      event: 'app.rotated',
      run: async ({ app, hours, reason }, by) => {
        const rotated = await keeper.rotate(app, hours, await within(by))
        await emit('app.rotated', { app, hours, ...recordOf(by, reason) }, by.origin)
        return rotated
      },
    }),
    disable: off('disable'),
    enable: off('enable'),
    remove: operation({
      id: 'apps.remove',
      means:
        'Removes an app that registered itself: its tokens stop working at once, but for JWT access tokens, which live five minutes.',
      scope: 'admin:apps.write',
      at: 'POST /apps/{app}/remove',
      args: z.object({ ...which, ...forReason }),
      result: nothing,
      event: 'app.removed',
      run: async ({ app, reason }, by) => {
        await keeper.remove(app)
        await emit('app.removed', { app, ...recordOf(by, reason) }, by.origin)
        return {}
      },
    }),
  }
}
